import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { SaxesParser } from 'saxes';
import { csvFileName, tableCsv } from '../../src/statistics/csv.ts';
import { shownDay, updatedAt } from '../../src/statistics/moment.ts';
import { percent } from '../../src/statistics/percent.ts';
import { classesPicture, progressPicture } from '../../src/statistics/pictures.ts';
import { progressTable, statisticsTables } from '../../src/statistics/tables.ts';
import type { Group, SchoolCounts, Week } from '../../src/statistics/types.ts';
import { firstWeek, weekOf, weeksBetween } from '../../src/statistics/weeks.ts';

const none = { not_notified: 0, notified: 0, activating: 0, activated: 0 };

describe('percentages', () => {
  const cases: [number, number, string][] = [
    [2, 238, '0,84 %'],
    [4, 315, '1,27 %'],
    [1, 27, '3,7 %'],
    [1, 25, '4 %'],
    [1, 31, '3,23 %'],
    [2, 45, '4,44 %'],
    [1, 37, '2,7 %'],
    [4, 313, '1,28 %'],
    [4, 311, '1,29 %'],
    [2, 22, '9,09 %'],
    [0, 22, '0 %'],
    [0, 0, '0 %'],
    [7, 7, '100 %'],
    [1, 800, '0,13 %'],
    [1, 200, '0,5 %'],
    [1, 20_001, '0 %'],
    [1, 20_000, '0,01 %'],
    [201, 2000, '10,05 %'],
  ];
  test.each(cases)('%i of %i is « %s » (R-162, R-163, R-167)', (part, whole, shown) => {
    expect(percent(part, whole)).toBe(shown);
  });
});

test('times are of Paris, also on the days when the clocks change', () => {
  expect(updatedAt(new Date('2017-11-28T08:33:39.999Z'))).toBe(
    'Dernière mise à jour le 28-11-2017 à 09:33:39',
  );
  expect(updatedAt(new Date('2026-07-01T22:00:05Z'))).toBe('Dernière mise à jour le 02-07-2026 à 00:00:05');
  expect(shownDay('2026-09-07')).toBe('07-09-2026');
  expect(csvFileName('class', new Date('2026-10-25T00:30:00Z'))).toBe(
    'Educonnect-Statistiques-Classes-20261025023000.csv',
  );
  expect(weekOf(new Date('2026-10-25T22:59:59Z'))).toBe('2026-10-19');
  expect(weekOf(new Date('2026-10-25T23:00:00Z'))).toBe('2026-10-26');
  expect(firstWeek(new Date('2026-08-31T21:59:59Z'))).toBe('2025-09-01');
  expect(firstWeek(new Date('2026-08-31T22:00:00Z'))).toBe('2026-08-31');
  expect(weeksBetween('2026-10-19', '2026-11-02')).toEqual(['2026-10-19', '2026-10-26', '2026-11-02']);
  expect(weeksBetween('2026-08-31', '2027-08-30').length).toBe(53);
});

/** Classes with accounts of the school, so many « Non notifié » and so many « Activé ». */
function withClasses(classes: [label: string | null, waiting: number, done: number][]): SchoolCounts {
  const groups: Group[] = classes.map(([label, not_notified, activated]) => ({
    label,
    counts: { none: { not_notified }, guardian: { activated } },
  }));
  return {
    degree: 1,
    guardians: { structure: {}, classes: groups, levels: [], mefs: [] },
    pupils: null,
    inSchool: 0,
    covered: 0,
  };
}

test('columns are called as the guides call them; classes in the order of people, levels in that of school', () => {
  const counts = withClasses([
    ['5e 10', 1, 0],
    [null, 1, 0],
    ['5e 9', 1, 0],
    ['Élan', 1, 0],
  ]);
  counts.guardians.levels = ['CM2', 'Moyenne section', 'PS', 'ULIS', 'GS', 'CP', 'TPS'].map((label) => ({
    label,
    counts: {},
  }));
  const [structure, classes, levels] = statisticsTables(counts);
  expect(structure?.columns).toEqual([
    'Nombre de comptes responsables',
    'Nombre de comptes non notifiés',
    'Nombre de comptes notifiés et non activés',
    "Nombre de comptes en cours d'activation",
    'Nombre de comptes activés',
    '% de comptes resp. avec un compte activé',
    "% d'élèves ayant au moins un resp. avec un compte activé",
  ]);
  expect([classes?.title, classes?.columns[0], classes?.columns.at(-1)]).toEqual([
    'Synthèse des comptes responsables par classe',
    'Classe',
    '% de comptes resp. avec un compte activé',
  ]);
  const first = (table: typeof classes) => table?.rows.map(({ cells }) => cells[0]);
  expect(first(classes)).toEqual(['5e 9', '5e 10', 'Élan', 'Non renseigné']);
  expect([levels?.columns[0], first(levels)]).toEqual([
    'Niveau',
    ['TPS', 'PS', 'Moyenne section', 'GS', 'CP', 'CM2', 'ULIS'],
  ]);
});

test('CSV opens in a spreadsheet set to French, and no label is taken for a formula', () => {
  const [, classes] = statisticsTables(
    withClasses([
      ['=1+1', 20, 2],
      ['\'DX; "A"', 1, 0],
    ]),
  );
  const file = tableCsv(classes as NonNullable<typeof classes>);
  expect(file.startsWith('\ufeffClasse;Nombre de comptes responsables;')).toBe(true);
  expect(file.endsWith('\r\n')).toBe(true);
  const lines: string[][] = parse(file, { bom: true, delimiter: ';' });
  expect(lines.slice(1)).toEqual([
    ['\'DX; "A"', '1', '1', '0', '0', '0', '0 %'],
    ["'=1+1", '22', '20', '0', '0', '2', '9,09 %'],
    ['Total', '23', '21', '0', '0', '2', '8,7 %'],
  ]);
});

describe('pictures', () => {
  /** Reads the markup as XML. @returns elements by name, with the words between their tags */
  function read(markup: string) {
    const found: { name: string; attributes: Record<string, string>; words: string }[] = [];
    const open: typeof found = [];
    const parser = new SaxesParser();
    parser.on('opentag', ({ name, attributes }) => {
      const element = { name, attributes: attributes as Record<string, string>, words: '' };
      found.push(element);
      open.push(element);
    });
    parser.on('text', (text) => {
      const inner = open.at(-1);
      if (inner) inner.words += text;
    });
    parser.on('closetag', () => void open.pop());
    parser.on('error', (error) => {
      throw error;
    });
    parser.write(markup).close();
    const all = (name: string) => found.filter((element) => element.name === name);
    return { all, one: (name: string) => all(name)[0], elements: found };
  }

  const classes = withClasses([
    ['<script>alert(1)</script>', 20, 2],
    ['A & "B"\u0001', 0, 3],
  ]).guardians;

  test('of the classes: a bar each, a text alternative, no script and no style', () => {
    const { all, one, elements } = read(classesPicture(classes, 'classes') ?? '');
    const svg = one('svg');
    expect(svg?.attributes).toMatchObject({ role: 'img', 'aria-labelledby': 'classes-title' });
    expect([one('title')?.attributes.id, one('title')?.words]).toEqual([
      'classes-title',
      'États des comptes par classe',
    ]);
    expect(one('desc')?.words).toBe(
      '<script>alert(1)</script> : 22 comptes, dont 20 non notifiés, 2 activés (9,09 %). ' +
        'A & "B"  : 3 comptes, dont 3 activés (100 %).',
    );
    expect(new Set(elements.map(({ name }) => name))).toEqual(
      new Set(['svg', 'title', 'desc', 'text', 'rect']),
    );
    expect(elements.some(({ attributes }) => 'style' in attributes || 'onload' in attributes)).toBe(false);
    expect(all('text').map(({ words }) => words)).toEqual([
      '<script>alert(1)</script>',
      '2 sur 22',
      'A & "B" ',
      '3 sur 3',
      'Activé',
      "En cours d'activation",
      'Notifié et non activé',
      'Non notifié',
    ]);
    // Two parts, one part, four of the key; the parts of a bar fill it.
    const widths = all('rect').map(({ attributes }) => Number(attributes.width));
    expect(widths).toHaveLength(7);
    expect((widths[0] ?? 0) / 318).toBeCloseTo(2 / 22, 3);
    expect((widths[0] ?? 0) + (widths[1] ?? 0)).toBeCloseTo(318, 1);
    expect(widths[2]).toBe(318);
    expect(classesPicture(withClasses([]).guardians, 'x')).toBeNull();
  });

  const week = (day: string, waiting: number, done: number): Week => ({
    week: day,
    guardians: { ...none, not_notified: waiting, activated: done },
    pupils: none,
  });

  test('of the progress: a column for each week that was computed, a gap for the others, months below', () => {
    const weeks = [week('2026-08-31', 10, 0), week('2026-09-07', 8, 2), week('2026-10-05', 5, 5)];
    const span = { first: '2026-08-31', last: '2026-10-12', id: 'progress' };
    const { all, one } = read(progressPicture(weeks, span) ?? '');
    expect(one('desc')?.words).toBe(
      'Semaine du 31-08-2026 : 10 comptes, dont 10 non notifiés, 0 activé (0 %). ' +
        'Semaine du 05-10-2026 : 10 comptes, dont 5 non notifiés, 5 activés (50 %).',
    );
    expect(all('rect').length).toBe(1 + 2 + 2 + 4);
    expect(
      all('text')
        .map(({ words }) => words)
        .slice(3, 5),
    ).toEqual(['sept.', 'oct.']);
    expect(progressPicture(weeks, { ...span, of: 'pupils' })).toBeNull();
    expect(progressPicture([], span)).toBeNull();
  });

  test('a whole year fits, and its numbers are a table', () => {
    const days = weeksBetween('2026-08-31', '2027-08-30');
    const weeks = days.map((day, index) => week(day, 100 - index, index));
    const { all, one } = read(
      progressPicture(weeks, { first: '2026-08-31', last: '2027-08-30', id: 'y' }) ?? '',
    );
    for (const { attributes } of all('rect'))
      expect(Number(attributes.x) + Number(attributes.width)).toBeLessThanOrEqual(320);
    expect(one('svg')?.attributes.viewBox).toMatch(/^0 0 320 /);
    const table = progressTable(weeks);
    expect([table.columns[0], table.rows.length, table.rows[1]?.cells.join('|')]).toEqual([
      'Semaine du',
      53,
      '07-09-2026|100|99|0|0|1|1 %',
    ]);
  });
});
