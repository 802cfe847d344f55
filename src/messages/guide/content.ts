import { provisionalMonths } from '../../credentials/provisional.ts';
import type { Deps } from '../../deps.ts';
import type { Span } from '../letters/types.ts';
import {
  attributeOf,
  type Element,
  elementsOf,
  parseMarkup,
  proseOf,
  withHardSpaces,
} from '../print/markup.ts';

/** What the guide is made of, in reading order. Chapters and sections have their number in their text. */
export type GuideBlock =
  | { kind: 'chapter' | 'section'; text: string }
  | { kind: 'p' | 'note'; spans: Span[] }
  | { kind: 'list' | 'steps'; items: Span[][] }
  /** `widths`: shares of the page's width; the first row is the heading. */
  | { kind: 'table'; widths: number[]; rows: Span[][][] };

/** Renders `views/messages/guide.njk` with the numbers of this configuration, and reads it back as blocks. */
export function guideContent({ render, config }: Pick<Deps, 'render' | 'config'>): GuideBlock[] {
  const markup = render('messages/guide', {
    months: provisionalMonths(config),
    linkDays: config.ACTIVATION_LINK_VALID_DAYS,
    passwordMin: config.PASSWORD_MIN_LENGTH,
    passwordMax: config.PASSWORD_MAX_LENGTH,
    siteUrl: config.BASE_URL,
    helpUrl: `${config.BASE_URL}/aide/connexion`,
    assistance: config.ASSISTANCE_TEXT,
  });
  return elementsOf(parseMarkup(markup)).flatMap((chapter, index) => {
    let section = 0;
    return [
      { kind: 'chapter', text: `${index + 1}. ${titleOf(chapter)}` } as const,
      ...elementsOf(chapter).flatMap((element): GuideBlock[] => {
        if (element.name !== 'section') return [readBlock(element)];
        section += 1;
        const heading = { kind: 'section', text: `${index + 1}.${section} ${titleOf(element)}` } as const;
        return [heading, ...elementsOf(element).map(readBlock)];
      }),
    ];
  });
}

const titleOf = (element: Element): string => withHardSpaces(attributeOf(element, 'title'));

function readBlock(element: Element): GuideBlock {
  const { name } = element;
  switch (name) {
    case 'p':
    case 'note':
      return { kind: name, spans: proseOf(element) };
    case 'list':
    case 'steps':
      return { kind: name, items: elementsOf(element).map(proseOf) };
    case 'table':
      return {
        kind: 'table',
        widths: attributeOf(element, 'widths').split(' ').map(Number),
        rows: elementsOf(element).map((row) => elementsOf(row).map(proseOf)),
      };
    default:
      throw new Error(`the guide has no <${name}>`);
  }
}
