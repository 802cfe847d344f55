/** The command line of `npm run bench -- <part>... <options>`. */
import { parseArgs } from 'node:util';
import { OPERATIONS, type Operation } from './logins.ts';
import { SCOPES, type ScopeName } from './operations.ts';

export const PARTS = [
  'import',
  'logins',
  'night',
  'workers',
  'rush',
  'notify',
  'enumeration',
  'nation',
  'pages',
] as const;
/** Not in a run without arguments: they want a nation, which takes ten minutes and 4 GB. */
const WITH_NATION: readonly string[] = ['nation', 'pages'];
export type Part = (typeof PARTS)[number];

export type Options = {
  parts: Part[];
  /** import; night: of the feed that is imported meanwhile. */
  pupils: number;
  nightPupils: number;
  /** workers: numbers of processes, one after the other. */
  workers: number[];
  /** workers: passwords checked at once in each. */
  running: number[];
  /** night, workers: visitors at once. */
  visitors: number;
  /** logins */
  scopes: ScopeName[];
  concurrency: number[];
  operations: Operation[];
  rounds: number;
  seconds: number;
  /** night, workers */
  longSeconds: number;
  most: number;
  /** enumeration: known and unknown, each so many times a form. */
  pairs: number;
  /** rush: visitors who begin at the same moment. */
  rush: number;
  /** logins: people in the database. */
  accounts: number;
  /** nation, pages: its size. */
  nation: number;
  /** pages: of each. */
  visits: number;
  /** Whether the bare library keeps refresh tokens, its default. */
  keepRefresh: boolean;
  /** First of two ports on loopback. */
  port: number;
  /** Where CPU profiles of both servers are left; absent: none. */
  profile: string | undefined;
};

export const USAGE = `usage: npm run bench [-- <part>... <options>]

parts (all but nation and pages when none is named)
  import    a feed, the same again, a delta of 2 %
  logins    full login, code flow on a session, refresh, userinfo; beside the bare library
  night     full logins while an import runs beside them
  workers   full logins with several processes (WEB_CONCURRENCY)
  rush      200 full logins at the same moment
  notify    1,500 accounts of one school
  enumeration  whether the time of an answer tells who is known
  nation    a country of accounts, kept in .bench/nation-<accounts>
  pages     the pages of the directors' module in that country

options
  --pupils 200000        import: pupils of the feed; night: 30000
  --scope openid,full    logins: what services ask
  --concurrency 1,8,32   logins: visitors at once; night and workers take the first, or 8
  --workers 1,2          workers, rush: processes
  --running 1,2          workers: passwords that each checks at once
  --operation "refresh,userinfo"
  --rounds 3             logins: measurements of each line; the table shows medians
  --seconds 4            logins: of one measurement; night and workers: 10
  --most 20000           logins: operations of one measurement at most
  --rush 200             rush: visitors at the same moment
  --pairs 1000           enumeration: of each form
  --accounts 2000        logins: people in the database; nation, pages: 2000000
  --visits 30            pages: of each
  --keep-refresh         logins: the bare library does not renew refresh tokens (its default); ours always does
  --port 4860            the first of two ports on loopback
  --profile <folder>     logins: CPU profiles of both servers`;

const NUMBER = { type: 'string' } as const;

/** @throws Error with a sentence for whoever typed it */
export function readOptions(argv: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      pupils: NUMBER,
      workers: { type: 'string' },
      running: { type: 'string' },
      scope: { type: 'string' },
      concurrency: { type: 'string' },
      operation: { type: 'string' },
      rounds: NUMBER,
      seconds: NUMBER,
      most: NUMBER,
      pairs: NUMBER,
      rush: NUMBER,
      accounts: NUMBER,
      visits: NUMBER,
      port: NUMBER,
      profile: { type: 'string' },
      'keep-refresh': { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  const parts = chosen('part', positionals, PARTS);
  return {
    parts: parts.length > 0 ? parts : PARTS.filter((part) => !WITH_NATION.includes(part)),
    pupils: whole('pupils', values.pupils, 200_000),
    nightPupils: whole('pupils', values.pupils, 30_000),
    workers: split(values.workers ?? '1,2').map((text) => whole('workers', text, 1)),
    running: split(values.running ?? '1,2').map((text) => whole('running', text, 1)),
    visitors: whole('concurrency', values.concurrency?.split(',')[0], 8),
    scopes: chosen('scope', split(values.scope ?? 'openid,full'), Object.keys(SCOPES) as ScopeName[]),
    concurrency: split(values.concurrency ?? '1,8,32').map((text) => whole('concurrency', text, 1)),
    operations: values.operation ? chosen('operation', split(values.operation), OPERATIONS) : [...OPERATIONS],
    rounds: whole('rounds', values.rounds, 3),
    seconds: whole('seconds', values.seconds, 4),
    longSeconds: whole('seconds', values.seconds, 10),
    most: whole('most', values.most, 20_000),
    pairs: whole('pairs', values.pairs, 1000),
    rush: whole('rush', values.rush, 200),
    accounts: whole('accounts', values.accounts, 2000),
    nation: whole('accounts', values.accounts, 2_000_000),
    visits: whole('visits', values.visits, 30),
    port: whole('port', values.port, 4860),
    profile: values.profile,
    keepRefresh: values['keep-refresh'] ?? false,
  };
}

const split = (text: string) => text.split(',').map((part) => part.trim());

function chosen<T extends string>(what: string, given: readonly string[], known: readonly T[]): T[] {
  for (const name of given) {
    if (!(known as readonly string[]).includes(name)) {
      throw new Error(`no ${what} is called ${name}; there are: ${known.join(', ')}`);
    }
  }
  return given as T[];
}

function whole(name: string, text: string | undefined, unless: number): number {
  if (text === undefined) return unless;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number above 0`);
  return number;
}
