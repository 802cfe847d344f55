import type { Deps } from '../deps.ts';
import { importFolder } from '../imports/run.ts';
import type { JobResult, JobTurn } from './types.ts';

/** The night: what lies in IMPORT_FOLDER at IMPORT_AT is brought into the directory. */
export async function importFeed(deps: Deps, { signal }: Pick<JobTurn, 'signal'>): Promise<JobResult> {
  const { IMPORT_FOLDER: folder } = deps.config;
  if (folder === undefined) return { outcome: 'refused', details: { reason: 'IMPORT_FOLDER is not set' } };
  const result = await importFolder(deps, folder, { stop: signal });
  if (!result.ok && result.reason === 'running')
    return { outcome: 'failed', details: { reason: 'another import is running', run: result.report } };
  const { report } = result;
  const details = {
    run: String(report.report),
    ...report.read,
    created: report.accounts.created,
    changed: report.accounts.changed,
    closed: report.accounts.closed,
    refused: report.refused_total,
  };
  if (!result.ok) {
    const reason = report.refused[0]?.reason ?? 'see the report';
    return { outcome: 'refused', details: { ...details, reason } };
  }
  if (result.failed > 0)
    return { outcome: 'failed', details: { ...details, schoolsNotWritten: result.failed } };
  return { outcome: 'done', details };
}
