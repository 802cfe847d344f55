import type { FeedBase } from './bases.ts';
import type { KnownSchool } from './known-store.ts';
import type { StagedFeed } from './stage.ts';
import type { ImportDeps, Sizes } from './types.ts';
import { feedTotals, schoolsOfChangedGuardians, type Totals, touchedSchools } from './weigh-store.ts';

/** What a night looks at: the feed, the schools as they are known, and to which of them something happens. */
export type Work = {
  feed: StagedFeed;
  /** A rehearsal: nothing is written to the live tables, nor reserved. */
  dryRun: boolean;
  groupPersons: Sizes['groupPersons'];
  totals: Totals;
  bases: ReadonlyMap<string, FeedBase>;
  knownByNo: ReadonlyMap<number, KnownSchool>;
  /** Schools of the feed of which two are known, or two of which are one that is known: none is touched. */
  doubtful: ReadonlySet<number>;
  /** Schools to which something happens, by number: of how many persons it is known already. */
  touched: Map<number, number>;
};

export async function findWork(
  deps: ImportDeps,
  runId: number,
  feed: StagedFeed,
  how: Pick<Work, 'dryRun' | 'groupPersons'>,
  alive: () => Promise<void>,
): Promise<Work> {
  const { knownByNo, doubtful } = matchSchools(feed);
  const noOf = new Map([...knownByNo].map(([no, known]) => [known.id, no]));
  const touched = new Map<number, number>();
  const touch = (no: number | undefined, persons: number) => {
    if (no !== undefined) touched.set(no, (touched.get(no) ?? 0) + persons);
  };
  for (const school of feed.schools) {
    if (school.listed && knownByNo.get(school.no)?.digest !== school.digest) touch(school.no, 0);
    if (doubtful.has(school.no)) touch(school.no, 0);
  }
  for (const base of feed.bases) {
    await alive();
    for (const [no, persons] of await touchedSchools(deps.jobsDb, runId, base)) touch(no, persons);
    for (const [id, persons] of await schoolsOfChangedGuardians(deps.jobsDb, runId, base))
      touch(noOf.get(id), persons);
  }
  const bases = new Map(feed.bases.map((base) => [`${base.academyCode}|${base.degree}`, base]));
  return {
    ...how,
    feed,
    totals: await feedTotals(deps.jobsDb, runId),
    bases,
    knownByNo,
    doubtful,
    touched,
  };
}

/** A school is the known one with its id in the feed, or else with its UAI (an académie may renumber its schools). */
function matchSchools({ schools, known }: StagedFeed) {
  const bySource = new Map(known.map((one) => [`${one.academyCode}|${one.degree}|${one.sourceId}`, one]));
  const byUai = new Map(known.map((one) => [one.uai, one]));
  const knownByNo = new Map<number, KnownSchool>();
  const noOf = new Map<number, number>();
  const doubtful = new Set<number>();
  for (const { no, academyCode, degree, sourceId, uai } of schools) {
    const source = bySource.get(`${academyCode}|${degree}|${sourceId}`);
    const found = source ?? byUai.get(uai);
    if (source && byUai.has(uai) && byUai.get(uai) !== source) doubtful.add(no);
    if (!found) continue;
    knownByNo.set(no, found);
    // An id that was given to another school: its pupils must not come under the eyes of this one's director.
    const other = noOf.get(found.id);
    if (other !== undefined) doubtful.add(no).add(other);
    noOf.set(found.id, no);
  }
  return { knownByNo, doubtful };
}

/** Ids of the schools of which a whole feed has pupils. */
export function spokenSchools({ feed, totals, knownByNo }: Work): Set<number> {
  const ids = feed.schools.filter(({ no }) => totals.has(no)).map(({ no }) => knownByNo.get(no)?.id);
  return new Set(ids.filter((id) => id !== undefined));
}
