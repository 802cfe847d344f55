import { shownDay } from './moment.ts';
import { byLabel } from './order.ts';
import { percent } from './percent.ts';
import { colourKey, INK, KEY_HEIGHT, picture, stackedBar, WIDTH, words } from './svg.ts';
import {
  type AccountsOf,
  accountsIn,
  byState,
  type KindCounts,
  STATES,
  type StateCounts,
  type Week,
} from './types.ts';
import { weeksBetween } from './weeks.ts';
import { accountsWord, counted, NOT_SAID } from './words.ts';

const BARS = { top: 8, label: 16, height: 14, step: 40 };

/** Longer labels would run into the numbers; the table has them whole. */
const LABEL_CHARS = 30;

/**
 * The states of each class as stacked bars, each as long as the others: what is compared is how far a class has come.
 * @param id unique in the page
 * @returns markup of an SVG; null: there is no class with accounts
 */
export function classesPicture(kind: KindCounts, id: string): string | null {
  const classes = [...kind.classes].sort(byLabel).map(({ label, counts }) => ({
    label: label ?? NOT_SAID,
    states: byState(counts),
  }));
  if (classes.length === 0) return null;
  const bars = classes.map(({ label, states }, index) => {
    const y = BARS.top + index * BARS.step;
    const done = `${states.activated} sur ${accountsIn(states)}`;
    const box = { x: 1, y: y + BARS.label, width: WIDTH - 2, height: BARS.height };
    return [
      words(cut(label), { x: 1, y: y + 11 }),
      words(done, { x: WIDTH - 1, y: y + 11, anchor: 'end' }),
      stackedBar(states, box, 'x'),
    ].join('');
  });
  const end = BARS.top + classes.length * BARS.step;
  const description = classes.map(({ label, states }) => `${label} : ${sentence(states)}.`).join(' ');
  return picture({ id, title: 'États des comptes par classe', description, height: end + KEY_HEIGHT }, [
    ...bars,
    colourKey(end),
  ]);
}

function cut(label: string): string {
  const signs = [...label];
  return signs.length <= LABEL_CHARS ? label : `${signs.slice(0, LABEL_CHARS - 1).join('')}…`;
}

const PLOT = { x: 44, y: 8, width: WIDTH - 45, height: 140 };
const COLUMN_PX = 22;
/** Edges of the usual strength would hide columns that are narrower. */
const NARROW_PX = 10;
const NARROW_EDGE = 0.25;
const MONTHS_HEIGHT = 26;
const MONTH_PX = 34;
const MONTHS = [
  'janv.',
  'févr.',
  'mars',
  'avr.',
  'mai',
  'juin',
  'juil.',
  'août',
  'sept.',
  'oct.',
  'nov.',
  'déc.',
];

/**
 * How the accounts stood each week since September, as shares; a week without a computation is a gap.
 * @param first the first week shown and `last` the last one, their Mondays `YYYY-MM-DD`
 * @param id unique in the page
 * @returns markup of an SVG; null: there was no account in any week
 */
export function progressPicture(
  weeks: readonly Week[],
  { of = 'guardians', first, last, id }: { of?: AccountsOf; first: string; last: string; id: string },
): string | null {
  const known = new Map(
    weeks.filter((week) => accountsIn(week[of]) > 0).map((week) => [week.week, week[of]]),
  );
  if (known.size === 0) return null;
  const shown = weeksBetween(first, last);
  const step = Math.min(COLUMN_PX, PLOT.width / shown.length);
  const narrow = step < NARROW_PX;
  const columns = shown.map((week, index) => {
    const states = known.get(week);
    const box = { ...PLOT, x: PLOT.x + index * step, width: narrow ? step : step - 1 };
    return states ? stackedBar(states, box, 'y', narrow ? NARROW_EDGE : undefined) : '';
  });
  const end = PLOT.y + PLOT.height + MONTHS_HEIGHT;
  const title = 'Avancement des comptes par semaine depuis septembre';
  return picture({ id, title, description: progressSentence(known), height: end + KEY_HEIGHT }, [
    axis(),
    ...columns,
    ...months(shown, step),
    colourKey(end),
  ]);
}

function axis(): string {
  const marks = [0, 50, 100].map((share) => {
    const y = PLOT.y + PLOT.height * (1 - share / 100);
    const line = `<path d="M${PLOT.x - 4} ${y}H${WIDTH - 1}" stroke="${INK}" stroke-width="0.5"/>`;
    return `${line}${words(`${share} %`, { x: PLOT.x - 7, y: y + 4, anchor: 'end' })}`;
  });
  return marks.join('');
}

/** Names of months under the first week that ends in each, where there is room; so the first is September. */
function months(shown: readonly string[], step: number): string[] {
  const ends = shown.map(monthOfEnd);
  let free = 0;
  return ends.flatMap((month, index) => {
    const x = PLOT.x + index * step;
    if (x < free || x > WIDTH - MONTH_PX || month === ends[index - 1]) return [];
    free = x + MONTH_PX;
    return [words(MONTHS[month] ?? '', { x, y: PLOT.y + PLOT.height + 14 })];
  });
}

function monthOfEnd(week: string): number {
  const sunday = new Date(week);
  sunday.setUTCDate(sunday.getUTCDate() + 6);
  return sunday.getUTCMonth();
}

function progressSentence(known: ReadonlyMap<string, StateCounts>): string {
  const [begin, ...more] = [...known];
  const ends = [begin, more.at(-1)].flatMap((end) => (end ? [end] : []));
  return ends.map(([week, states]) => `Semaine du ${shownDay(week)} : ${sentence(states)}.`).join(' ');
}

/** « 22 comptes, dont 20 non notifiés, 2 activés (9,09 %) ». */
function sentence(states: StateCounts): string {
  const accounts = accountsIn(states);
  const parts = STATES.filter((state) => states[state] > 0 || state === 'activated').map((state) =>
    counted(states[state], state),
  );
  return `${accountsWord(accounts)}, dont ${parts.join(', ')} (${percent(states.activated, accounts)})`;
}
