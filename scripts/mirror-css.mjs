/**
 * The theme for pages that run from right to left: left and right change places. What is drawn with borders and turned
 * (the tick of a checkbox, the arrow of a menu) stays as it is, but for the arrow that points along the line.
 */

/** Properties whose four values go round the box: top, right, bottom, left. */
const ROUND = new Set(['margin', 'padding', 'inset', 'border-color', 'border-style']);
/** The arrow of « details », which points where the text goes. */
const ARROW = [
  ['clip-path:polygon(0% 0%, 100% 50%, 0% 100%)', 'clip-path:polygon(100% 0%, 0% 50%, 100% 100%)'],
  ['border-width:7px 0 7px 12.124px', 'border-width:7px 12.124px 7px 0'],
];

/**
 * @param {string} css compressed, as sass writes it
 * @returns {string}
 */
export function mirrorCss(css) {
  const mirrored = css.replace(/([{;])([\w-]+):([^;{}]*)(?=[;}])/g, (_, before, property, value) => {
    return `${before}${mirrorProperty(property)}:${mirrorValue(property, value)}`;
  });
  return ARROW.reduce((text, [from, to]) => text.replaceAll(from, to), mirrored);
}

function mirrorProperty(property) {
  return property.startsWith('--') ? property : property.replace(/(?<=^|-)(left|right)(?=-|$)/, other);
}

function mirrorValue(property, value) {
  // Letters of a joined script must not be drawn together or apart.
  if (property === 'letter-spacing' && value.startsWith('-')) return '0';
  if (/^(text-align|float|clear|justify-content)$/.test(property))
    return value.replace(/\b(left|right)\b/, other);
  const sides = value.replace(/(?<=safe-area-inset-)(left|right)/g, other);
  if (!ROUND.has(property)) return sides;
  const [, important = ''] = /( ?!important)$/.exec(sides) ?? [];
  const parts =
    sides.slice(0, sides.length - important.length).match(/(?:[^\s(]|\((?:[^()]|\([^()]*\))*\))+/g) ?? [];
  if (parts.length !== 4) return sides;
  return [parts[0], parts[3], parts[2], parts[1]].join(' ') + important;
}

const other = (side) => (side === 'left' ? 'right' : 'left');
