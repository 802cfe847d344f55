import { lossFindings, olderFinding, recordsFinding } from './brake.ts';
import {
  countDeleted,
  countEndingLinks,
  countLeavers,
  countLinks,
  countPupils,
  lastExports,
  named,
} from './brake-store.ts';
import type { StagedFeed } from './stage.ts';
import type { Finding, ImportDeps } from './types.ts';

export type Seen = {
  findings: Finding[];
  /** Ids of schools that pupils leave. */
  leaving: number[];
};

/**
 * Counts what the run would take away before anything is written to a live table: set-based, from the staged rows.
 * @param spoken ids of the schools of which a whole feed has pupils: nobody leaves another one
 */
export async function lookAtLosses(
  deps: ImportDeps,
  runId: number,
  feed: StagedFeed,
  spoken: ReadonlySet<number>,
  alive: () => Promise<void>,
): Promise<Seen> {
  const db = deps.jobsDb;
  const findings: Finding[] = [];
  const names = new Map(feed.known.map((school) => [school.id, school]));
  const last = await lastExports(db);
  const pupils = { losses: [] as ReturnType<typeof named>, total: 0 };
  const links = { losses: [] as ReturnType<typeof named>, total: 0 };
  const leaving: number[] = [];
  for (const base of feed.bases) {
    await alive();
    const before = last.get(`${base.academyCode}|${base.degree}`);
    if (before !== undefined && base.exportedOn !== null) {
      const older = olderFinding(`${base.academyCode}, ${base.degree}D`, base.exportedOn, before);
      if (older) findings.push(older);
    }
    const counted = base.delta
      ? await countDeleted(db, runId, base)
      : (await countLeavers(db, runId, base)).map((school) =>
          spoken.has(school.schoolId) ? school : { ...school, lost: 0 },
        );
    const lost = counted.filter((school) => school.lost > 0);
    leaving.push(...lost.map((school) => school.schoolId));
    pupils.losses.push(...named(lost, names));
    pupils.total += base.delta
      ? await countPupils(db, base)
      : counted.reduce((sum, school) => sum + school.before, 0);
    const ending = (await countEndingLinks(db, runId, base)).filter((school) => school.lost > 0);
    links.losses.push(...named(ending, names));
    if (ending.length > 0) links.total += await countLinks(db, base);
  }
  findings.push(...lossFindings('pupils', pupils.losses, pupils.total, deps.config));
  findings.push(...lossFindings('links', links.losses, links.total, deps.config));
  for (const { file, said, read } of feed.counted) {
    const finding = recordsFinding(file, said, read);
    if (finding) findings.push(finding);
  }
  return { findings, leaving };
}
