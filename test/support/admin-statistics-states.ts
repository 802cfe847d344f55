import type { ShownTable, StatisticsPage } from '../../src/admin/statistics/pages.ts';
import { classesPicture, progressPicture } from '../../src/statistics/pictures.ts';
import { progressTable, statisticsTables, type Table, totalsNote } from '../../src/statistics/tables.ts';
import type { AccountsOf, Counts, Group, SchoolCounts, Week } from '../../src/statistics/types.ts';
import { adminFrame } from './admin-frame.ts';
import { type PageState, state } from './page-state.ts';

/** The statistics of a school as they may be met: the guide's, a collège's with MEF, none yet. */

/** Not notified, notified, activating, activated. */
type Four = [number, number, number, number];
const counts = ([waiting, notified, activating, activated]: Four): Counts => ({
  none: { not_notified: waiting },
  school: { notified, activating, activated: Math.floor(activated / 2) },
  franceconnect: { activated: activated - Math.floor(activated / 2) },
});
const groups = (numbers: Record<string, Four>): Group[] =>
  Object.entries(numbers).map(([label, four]) => ({ label, counts: counts(four) }));

/** S1 §6.1 as R-165 corrects it. */
const guide: SchoolCounts = {
  degree: 1,
  guardians: {
    structure: counts([230, 5, 1, 2]),
    classes: groups({
      PSMS: [24, 0, 0, 0],
      PS: [25, 1, 0, 1],
      MSGS: [24, 0, 0, 1],
      GS: [28, 0, 0, 0],
      CPP: [23, 0, 0, 0],
      CPB: [20, 0, 0, 2],
      CM2B: [27, 0, 1, 0],
      'CM1/2 D': [25, 0, 0, 0],
      CM1: [25, 2, 1, 0],
      CE2B: [28, 2, 0, 0],
      CE1D: [27, 1, 0, 0],
      'Classe 5 -CE1/2 - Mme VANDENBROUCKEDELAGRANGE Marie-Emmanuelle': [25, 0, 0, 0],
    }),
    levels: groups({
      PS: [35, 1, 0, 1],
      MS: [30, 0, 0, 1],
      GS: [30, 0, 0, 0],
      CP: [43, 0, 0, 2],
      CE1: [43, 1, 0, 0],
      CE2: [36, 2, 0, 0],
      CM1: [42, 2, 1, 0],
      CM2: [40, 0, 1, 0],
    }),
    mefs: [],
  },
  pupils: null,
  inSchool: 315,
  covered: 4,
};
/** The numbers of S4. */
const mefs = groups({
  '3EME': [9, 205, 0, 96],
  '4EME': [8, 203, 1, 123],
  '5EME': [3, 135, 0, 107],
  '5EME LANGUE ET CULTURE EUROPEENNE': [2, 24, 0, 20],
  '6EME BILANGUE': [6, 29, 0, 22],
});
const classes = groups({
  '3E1': [2, 20, 0, 12],
  '4E2': [1, 20, 1, 13],
  '5E5': [0, 15, 0, 16],
  '6E3': [4, 9, 0, 21],
});
const college: SchoolCounts = {
  degree: 2,
  guardians: { structure: counts([26, 571, 1, 350]), classes, levels: [], mefs },
  pupils: { structure: counts([12, 300, 1, 250]), classes, levels: [], mefs },
  inSchool: 640,
  covered: 320,
};
const weeks: Week[] = Array.from({ length: 13 }, (_, index) => {
  const week = new Date(Date.UTC(2026, 7, 31 + 7 * index)).toISOString().slice(0, 10);
  const states = {
    not_notified: 230 - 16 * index,
    notified: 9 * index,
    activating: index,
    activated: 6 * index,
  };
  return { week, guardians: states, pupils: states };
});

function page(found: SchoolCounts, of: AccountsOf, known: readonly Week[] = weeks): StatisticsPage {
  const uai = found.degree === 1 ? '0311478N' : '0319950D';
  const action = `/admin/etablissements/${uai}/statistiques`;
  const table = ({ key, ...rest }: Table, picture: string | null): ShownTable => ({
    ...rest,
    id: key,
    csvHref: `${action}/tableau.csv?tableau=${key}`,
    picture,
  });
  const kind = found[of] ?? found.guardians;
  const span = { of, first: '2026-08-31', last: '2026-11-23', id: 'progress-picture' };
  return {
    frame: adminFrame('statistics'),
    of,
    kinds:
      found.degree === 1
        ? null
        : [
            { of: 'guardians', href: action },
            { of: 'pupils', href: `${action}?comptes=eleves` },
          ],
    compute: { action, csrf: 'jeton' },
    news: null,
    statistics: {
      tables: statisticsTables(found, of).map((one) =>
        table(one, one.key === 'class' ? classesPicture(kind, 'class-picture') : null),
      ),
      progress: table(progressTable(known, of), progressPicture(known, span)),
      note: totalsNote(found, of),
      updatedAt: 'Dernière mise à jour le 28-11-2017 à 09:33:39',
    },
  };
}

const show = 'admin/statistics/show';
const none: Group[] = [];
const empty: SchoolCounts = {
  ...guide,
  guardians: { structure: {}, classes: none, levels: none, mefs: none },
  inSchool: 0,
  covered: 0,
};

export const ADMIN_STATISTICS_STATES: PageState[] = [
  state<StatisticsPage>('admin-statistics', show, { ...page(guide, 'guardians'), news: 'done' }),
  state<StatisticsPage>('admin-statistics-college', show, page(college, 'guardians')),
  { ...state<StatisticsPage>('admin-statistics-pupils', show, page(college, 'pupils')), alike: true },
  state<StatisticsPage>('admin-statistics-no-account', show, page(empty, 'guardians', [])),
  state<StatisticsPage>('admin-statistics-none', show, {
    ...page(guide, 'guardians'),
    statistics: null,
    news: 'busy',
  }),
];
