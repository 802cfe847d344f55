import { scanAccounts } from '../accounts/retention.ts';
import { allOff, cutoffsOf } from '../accounts/retention-rules.ts';
import { countAccounts, type LastSchool, lastSchools } from '../accounts/retention-store.ts';
import type { Deps } from '../deps.ts';
import { countRecords, placesOfRecords } from '../directory/records-retention-store.ts';
import { type BrakeFinding, brakeFindings } from './retention-brake.ts';
import { scanRecords } from './retention-records.ts';

/** `uai` null: of no school, or a guardian's record, which is of the académie. */
type Place = {
  academy: string | null;
  academy_name: string | null;
  uai: string | null;
  school: string | null;
};
export type Preview = {
  at: Date;
  /** No rule is on: only who asks for it is forgotten. */
  off: boolean;
  rules: { rule: string; due: number; places: (Place & { due: number })[] }[];
  academies: { academy: string | null; academy_name: string | null; due: number }[];
  due: { accounts: number; pupils: number; guardians: number };
  total: { accounts: number; pupils: number; guardians: number };
  brake: { percent: number; refused: BrakeFinding[] };
};

const NOWHERE: Place = { academy: null, academy_name: null, uai: null, school: null };
const placeOf = (school: LastSchool | undefined): Place =>
  school
    ? { academy: school.academy, academy_name: school.academyName, uai: school.uai, school: school.name }
    : NOWHERE;

/**
 * What the next run would erase by its rules, as numbers by rule, school and académie, found as the run finds it.
 * Wishes to be forgotten whose date has come are among them; nothing is said of who it is.
 */
export async function previewRetention({ jobsDb, config, clock }: Deps): Promise<Preview> {
  const now = clock.now();
  const cutoffs = cutoffsOf(config, now);
  const tally = createTally();
  const due = { accounts: 0, pupils: 0, guardians: 0 };
  for await (const accounts of scanAccounts(jobsDb, { cutoffs, now })) {
    const schools = await lastSchools(
      jobsDb,
      accounts.map(({ id }) => id),
    );
    for (const { id, rule } of accounts) tally.add(rule, placeOf(schools.get(id)));
    due.accounts += accounts.filter(({ rule }) => rule !== 'forget-asked').length;
  }
  for await (const { kind, ids } of scanRecords(jobsDb, cutoffs.records)) {
    const places = await placesOfRecords(jobsDb, kind, ids);
    for (const id of ids) tally.add(`records: ${kind}`, { ...NOWHERE, ...places.get(id) });
    due[kind] += ids.length;
  }
  const total = { accounts: await countAccounts(jobsDb), ...(await countRecords(jobsDb)) };
  const percent = config.RETENTION_BRAKE_PERCENT;
  return {
    at: now,
    off: allOff(cutoffs),
    ...tally.read(),
    due,
    total,
    brake: { percent, refused: brakeFindings(due, total, percent) },
  };
}

function createTally() {
  const rules = new Map<string, Map<string, Place & { due: number }>>();
  return {
    add(rule: string, place: Place) {
      const places = rules.get(rule) ?? new Map<string, Place & { due: number }>();
      rules.set(rule, places);
      const key = `${place.academy} ${place.uai}`;
      const known = places.get(key);
      places.set(key, { ...place, due: (known?.due ?? 0) + 1 });
    },
    read(): Pick<Preview, 'rules' | 'academies'> {
      const all = [...rules].map(([rule, of]) => {
        const places = [...of.values()].sort((a, b) => sortKey(a).localeCompare(sortKey(b)));
        return { rule, due: places.reduce((sum, { due }) => sum + due, 0), places };
      });
      const academies = new Map<string, Preview['academies'][number]>();
      for (const { academy, academy_name, due } of all.flatMap(({ places }) => places)) {
        const known = academies.get(String(academy));
        academies.set(String(academy), { academy, academy_name, due: due + (known?.due ?? 0) });
      }
      return { rules: all, academies: [...academies.values()] };
    },
  };
}

const sortKey = ({ academy, uai }: Place) => `${academy ?? '~'} ${uai ?? ''}`;

/** For people. */
export function previewText(preview: Preview): string[] {
  const { rules, academies, due, total, brake } = preview;
  const lines = preview.off ? ['no rule is on: only who asks for it is forgotten'] : [];
  for (const { rule, due: count, places } of rules) {
    lines.push(`${rule}: ${count}`);
    for (const place of places)
      lines.push(`  ${place.academy ?? '-'}  ${place.uai ?? '-'}  ${place.school ?? ''}  ${place.due}`);
  }
  for (const { academy, academy_name, due: count } of academies)
    lines.push(`académie ${academy_name ?? academy ?? '-'}: ${count}`);
  lines.push(
    `accounts ${due.accounts} of ${total.accounts}, pupils ${due.pupils} of ${total.pupils}, guardians ${due.guardians} of ${total.guardians}`,
  );
  for (const { of, due: count } of brake.refused)
    lines.push(`the next run will be refused: ${count} ${of} are more than ${brake.percent} % at once`);
  return lines;
}
