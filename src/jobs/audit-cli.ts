import { parseArgs } from 'node:util';
import { type FoundLine, findLines, findPasswordFacts, findSchoolByUai } from '../audit/find-store.ts';
import { tellingsOf } from '../audit/told.ts';
import { verifyAudit } from '../audit/verify.ts';
import type { Deps } from '../deps.ts';
import { readUai } from '../directory/uai.ts';
import { staffNames } from '../staff/names-store.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = `usage: educonnect audit [--account <identifier>] [--school <UAI>] [--actor <actor>] [--event <event>]...
      [--since <YYYY-MM-DD[Thh:mm[:ss]Z]>] [--limit <lines>] [--json]
  educonnect audit --password-of <identifier> [--limit <lines>] [--json]
  educonnect audit verify [--json]`;

const OPTIONS = {
  account: { type: 'string' },
  school: { type: 'string' },
  actor: { type: 'string' },
  event: { type: 'string', multiple: true },
  since: { type: 'string' },
  limit: { type: 'string' },
  'password-of': { type: 'string' },
  json: { type: 'boolean' },
} as const;

const MOST = 10_000;
const ENOUGH = 200;

/** `educonnect audit` (N01, N03). @returns 0 done; 1 unknown account or school, or the trail was altered; 2 wrong usage */
export async function auditCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  const json = values.json ?? false;
  const given = Object.keys(values).filter((name) => name !== 'json');
  if (positionals.join(' ') === 'verify' && given.length === 0) return verify(deps, json, io);
  const read = positionals.length > 0 ? `${positionals.join(' ')}: no such verb` : readRange(values, given);
  if (typeof read === 'string') {
    io.err(`${read}\n${USAGE}`);
    return 2;
  }
  const { limit, since } = read;
  if (values['password-of'] !== undefined)
    return passwordOf(deps, values['password-of'], { limit, json }, io);
  const { account, school, actor, event: events } = values;
  const facts = account === undefined ? undefined : await findPasswordFacts(deps.jobsDb, account);
  const uai = school === undefined ? undefined : readUai(school);
  const schoolId = uai === undefined || uai === null ? uai : await findSchoolByUai(deps.jobsDb, uai);
  if (facts === null || schoolId === null) {
    io.err(facts === null ? `no account has the identifier ${account}` : `no school has the UAI ${school}`);
    return 1;
  }
  const filter = { accountId: facts?.id, schoolId, actor, events, since };
  const lines = await findLines(deps.jobsDb, filter, limit);
  const names = await namesOf(deps, lines);
  if (json) io.out(JSON.stringify(lines.map((line) => ({ ...line, name: names(line) }))));
  else for (const line of lines) io.out(textOf(line, names(line)));
  return 0;
}

type Range = { limit: number; since: Date | undefined };

/** @returns what is wrong with the command line, as a sentence */
function readRange(
  values: { limit?: string | undefined; since?: string | undefined },
  given: readonly string[],
): Range | string {
  const limit = Number(values.limit ?? ENOUGH);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) return `--limit is a number from 1 to ${MOST}`;
  const since = values.since === undefined ? undefined : new Date(values.since);
  if (since !== undefined && Number.isNaN(since.getTime())) return `${values.since} is no day: YYYY-MM-DD`;
  const beside = given.find((name) => name !== 'limit' && name !== 'password-of');
  if (given.includes('password-of') && beside !== undefined) return `--password-of goes without --${beside}`;
  return { limit, since };
}

async function passwordOf(
  deps: Deps,
  identifier: string,
  { limit, json }: { limit: number; json: boolean },
  io: Io,
): Promise<number> {
  const facts = await findPasswordFacts(deps.jobsDb, identifier);
  if (facts === null) {
    io.err(`no account has the identifier ${identifier}`);
    return 1;
  }
  const tellings = await tellingsOf(deps.jobsDb, facts, limit);
  const names = await namesOf(deps, tellings);
  const provisional = facts.passwordKind === 'provisional' ? facts.provisionalCreatedAt : null;
  if (json) {
    const told = tellings.map((line) => ({ ...line, name: names(line) }));
    io.out(JSON.stringify({ identifier, provisional_since: provisional, told }));
    return 0;
  }
  io.out(
    provisional === null
      ? `${identifier} has no provisional password now (${facts.passwordKind}); those before:`
      : `${identifier} has a provisional password since ${provisional.toISOString()}; lines with * are about it:`,
  );
  for (const line of tellings)
    io.out(
      oneLine(
        `${line.present ? '*' : ' '} ${line.at.toISOString()}  ${line.act}  ${byWhom(line, names(line))}${placeOf(line)}`,
      ),
    );
  if (tellings.length === 0) io.out('nobody was told one');
  return 0;
}

async function namesOf(deps: Deps, lines: readonly FoundLine[]) {
  const names = await staffNames(
    deps.jobsDb,
    lines.map(({ actor, actorKind }) => (actorKind === 'school' ? actor : null)),
  );
  return ({ actor }: FoundLine) => names.get(actor ?? '') ?? null;
}

const byWhom = ({ actorKind, actor }: FoundLine, name: string | null) =>
  `by ${actorKind}${actor === null ? '' : ` ${actor}`}${name === null ? '' : ` (${name})`}`;
const placeOf = ({ school, ip, requestId, details }: FoundLine) =>
  [
    school && `school ${school}`,
    ip && `from ${ip}`,
    requestId && `request ${requestId}`,
    details && `[${details}]`,
  ]
    .filter(Boolean)
    .map((part) => `  ${part}`)
    .join('');

function textOf(line: FoundLine, name: string | null): string {
  const about = line.identifier === null ? '' : `  ${line.identifier}`;
  const { at, event, outcome } = line;
  return oneLine(`${at.toISOString()}  ${event}  ${outcome}${about}  ${byWhom(line, name)}${placeOf(line)}`);
}

/** What a feed or a portal wrote must not make a second line of it, nor speak to the terminal (N02). */
const oneLine = (text: string) =>
  text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

async function verify(deps: Deps, json: boolean, io: Io): Promise<number> {
  const { ok, months, unsealed, faults } = await verifyAudit(deps);
  if (json) io.out(JSON.stringify({ ok, months, unsealed, faults }));
  else {
    for (const { month, seals, lines } of months) io.out(`${month}  ${lines} lines in ${seals} seals`);
    const since = unsealed.oldest === null ? '' : `, the oldest of ${unsealed.oldest.toISOString()}`;
    io.out(`not sealed yet: ${unsealed.count}${since}`);
    for (const fault of faults) io.err(fault);
    io.out(ok ? 'the trail is as it was written' : 'the trail was altered');
  }
  return ok ? 0 : 1;
}
