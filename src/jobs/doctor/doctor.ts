import { parseArgs } from 'node:util';
import * as databaseChecks from './database.ts';
import * as outsideChecks from './outside.ts';
import type { Check, Finding, Needs, Outside } from './types.ts';
import * as workChecks from './work.ts';

type Io = { out(line: string): void; err(line: string): void };

/** No check takes longer, in milliseconds: somebody is waiting who has other things to worry about. */
const CHECK_MS = 10_000;

const FIRST: readonly [string, Check][] = [['configuration', outsideChecks.configuration]];
const OF_DATABASE: readonly [string, Check][] = [
  ['database', databaseChecks.database],
  ['database-hosts', databaseChecks.hosts],
  ['grants', databaseChecks.grants],
  ['migrations', databaseChecks.migrations],
];
/** Of tables that migrations make. */
const OF_TABLES: readonly [string, Check][] = [
  ['sealing-keys', databaseChecks.sealing],
  ['signing-keys', databaseChecks.signing],
  ['import', workChecks.imports],
  ['jobs', workChecks.jobs],
  ['outbox', workChecks.outbox],
  ['audit', workChecks.audit],
];
const OUTSIDE: readonly [string, Check][] = [
  ['disk', workChecks.disk],
  ['address', outsideChecks.address],
  ['mail', outsideChecks.mail],
  ['sms', outsideChecks.sms],
  ['franceconnect', outsideChecks.franceConnect],
  ['academic-portal', outsideChecks.portal],
];

/** Looks at a deployment, all at the same time, and says of each part what is wrong and what to do about it. */
export async function examine(deps: Needs, outside: Outside): Promise<Finding[]> {
  const run = async (checks: readonly [string, Check][]) =>
    (await Promise.all(checks.map(([name, check]) => bounded(name, check, deps, outside)))).flat();
  const elsewhere = run(OUTSIDE);
  const found = [...(await run(FIRST)), ...(await run(OF_DATABASE))];
  const usable = !found.some(
    ({ check, state }) => state === 'fail' && (check === 'database' || check === 'migrations'),
  );
  return [...found, ...(usable ? await run(OF_TABLES) : []), ...(await elsewhere)];
}

async function bounded(name: string, check: Check, deps: Needs, outside: Outside): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    const says = `no answer within ${CHECK_MS / 1000} s: it is frozen or overloaded`;
    timer = setTimeout(() => resolve([{ check: name, state: 'fail', says }]), CHECK_MS);
  });
  try {
    return await Promise.race([check(deps, outside), late]);
  } catch (error) {
    const { code, name: kind } = error as Error & { code?: string };
    return [
      {
        check: name,
        state: 'fail',
        says: `cannot be looked at (${code ?? kind}): is the database of DATABASE_URL there?`,
      },
    ];
  } finally {
    clearTimeout(timer);
  }
}

/** `educonnect doctor [--json]` @returns 0 when nothing fails, warnings or not; 1 otherwise */
export async function doctorCommand(deps: Needs, outside: Outside, argv: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { json: { type: 'boolean' } } });
  const findings = await examine(deps, outside);
  const failed = findings.filter(({ state }) => state === 'fail').length;
  if (values.json) io.out(JSON.stringify({ ok: failed === 0, findings }));
  else {
    const width = Math.max(...findings.map(({ check }) => check.length));
    for (const { check, state, says } of findings)
      io.out(`${state.padEnd(4)}  ${check.padEnd(width)}  ${says}`);
    io.out(failed === 0 ? 'nothing is wrong that stops the service' : `${failed} to mend`);
  }
  return failed === 0 ? 0 : 1;
}
