import { parseArgs } from 'node:util';
import { type Config, describeConfig } from './config.ts';
import { migrate } from './db/migrations.ts';
import type { Deps } from './deps.ts';

/** Where a command writes: answers to the standard output, faults and progress beside it. */
export type Io = { out(line: string): void; err(line: string): void };

/** @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage */
type Run = (deps: Deps, argv: string[], io: Io) => Promise<number>;

export type Command = {
  name: string;
  usage: string;
  summary: string;
} & ({ run: Run } | { withConfig(config: Config, argv: string[], io: Io): Promise<number> });

/** Wrong usage: exit code 2, with the usage of the command. */
export class UsageError extends Error {}

/** One subcommand is one call of a room or a job; what it needs is loaded when it is asked for. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    usage: 'serve',
    summary: 'the web server, until SIGTERM',
    withConfig: async (config, argv) => {
      if (argv.length > 0) throw new UsageError('takes no arguments');
      return (await import('./main.ts')).serve(config);
    },
  },
  {
    name: 'migrate',
    usage: 'migrate [--json]',
    summary: 'bring the database up to date',
    run: runMigrations,
  },
  {
    name: 'import',
    usage: [
      'import <folder> [--dry-run] [--accept <report id>] [--json]',
      'import --accept <report id> [--json]',
      '  accept: let a feed that was refused because it takes too much away be imported, from its folder again',
    ].join('\n'),
    summary: 'read a full AAF feed into the directory',
    run: async (deps, argv, io) => (await import('./imports/cli.ts')).importCommand(deps, argv, io),
  },
  {
    name: 'notify',
    usage: 'notify --school <UAI> --out <file.pdf> [--class <class>] [--json]',
    summary: 'distribute the accounts of a school, one letter a page',
    run: async (deps, argv, io) => (await import('./messages/cli.ts')).notifyCommand(deps, argv, io),
  },
  {
    name: 'bounces',
    usage: 'bounces <file...|-> [--json]',
    summary: 'read reports of mails that came back, from files or the standard input',
    run: async (deps, argv, io) =>
      (await import('./messages/bounces-cli.ts')).bouncesCommand(deps, argv, io, () => process.stdin),
  },
  {
    name: 'statistics',
    usage: 'statistics [--school <UAI>] [--json]',
    summary: 'compute the statistics of all schools, or of one and show them',
    run: async (deps, argv, io) => (await import('./statistics/cli.ts')).statisticsCommand(deps, argv, io),
  },
  {
    name: 'client',
    usage: [
      'client <verb>',
      '  add --name <text> --redirect-uri <uri>... --scope "a b" [--post-logout-redirect-uri <uri>...]',
      '      [--backchannel-logout-uri <uri>] [--initiate-login-uri <uri>] [--auth-method <m>] [--alg <alg>]',
      '      [--jwks-uri <uri>] [--sector <host[:port]>] [--school <UAI|all>...] [--public] [--json]',
      '  list [--json]',
      '  update <client_id> [options of add but --sector, --school, --public; an empty value takes one away]',
      '  rotate-secret <client_id> [--keep-old <days>] [--json]',
      '      a new secret; the old one is good for 7 days more, or so many (0: dead at once)',
      '  rotate-secret <client_id> --end-old [--json]',
      '      the service has changed over: the old one is dead at once',
      '  service <client_id> --school <UAI|all>... [--off]',
      '  remove <client_id>',
    ].join('\n'),
    summary: 'the relying services',
    run: async (deps, argv, io) => (await import('./provider/cli.ts')).clientCommand(deps, argv, io),
  },
  {
    name: 'keys',
    usage: [
      'keys rotate [--leaked] [--json]',
      '  --leaked: new keys sign at once and all others are withdrawn; services refuse sign-ins meanwhile',
      'keys list [--json]',
      'keys reseal [--json]',
      '  seals whatever an older key of SEALING_KEYS has sealed with the first one, beside running servers',
    ].join('\n'),
    summary: 'the signing keys, and sealing anew under a new key',
    run: runKeys,
  },
  {
    name: 'force-change',
    usage: [
      'force-change --school <UAI|all>... | --academy <code>',
      '      [--kind guardian|pupil] [--changed-before <YYYY-MM-DD>] [--state activated|activating]...',
      '      [--reason <text>] [--notify] [--dry-run] [--json]',
      '  --dry-run: only count them',
      'force-change status [<id>] [--json]',
      'force-change lift <id> [--json]: who has not changed his password since need not any more',
    ].join('\n'),
    summary: 'mark accounts whose password must be changed at the next login, and see how many have',
    run: async (deps, argv, io) =>
      (await import('./jobs/force-change-cli.ts')).forceChangeCommand(deps, argv, io),
  },
  {
    name: 'job',
    usage:
      'job run <import|statistics|purge|retention|rotate-keys|send-messages|make-letters|force-changes|seal-audit> [--json]\n  list [--json]',
    summary: 'what the server runs by the clock: run one now, or list them with their last runs',
    run: runJobs,
  },
  {
    name: 'retention',
    usage: [
      'retention preview [--json]',
      'retention accept <id>',
      '  accept: let a run go on that was refused because it would erase too much at once',
    ].join('\n'),
    summary: 'which accounts and records the rules of retention would erase now, in numbers',
    run: async (deps, argv, io) => (await import('./jobs/retention-cli.ts')).retentionCommand(deps, argv, io),
  },
  {
    name: 'forget',
    usage: 'forget <identifier> [--now]',
    summary: "erase an account at its holder's wish, after FORGET_DELAY_DAYS or now",
    run: async (deps, argv, io) => (await import('./jobs/forget-cli.ts')).forgetCommand(deps, argv, io),
  },
  {
    name: 'separate',
    usage: 'separate <identifier> [--json]',
    summary:
      'take a regrouping back, within thirty days: the account that is no more is one of its own again',
    run: async (deps, argv, io) =>
      (await import('./accounts/separate-cli.ts')).separateCommand(deps, argv, io),
  },
  {
    name: 'audit',
    usage: [
      'audit [--account <identifier>] [--school <UAI>] [--actor <actor>] [--event <event>]...',
      '      [--since <YYYY-MM-DD[Thh:mm[:ss]Z]>] [--limit <lines>] [--json]',
      '  --password-of <identifier> [--json]: who saw, printed, exported or was sent the provisional password',
      'audit verify [--json]',
      '  whether a line was changed or taken away since it was sealed',
    ].join('\n'),
    summary: 'the audit trail: who did what to which account, and whether it is as it was written',
    run: async (deps, argv, io) => (await import('./jobs/audit-cli.ts')).auditCommand(deps, argv, io),
  },
  {
    name: 'doctor',
    usage: 'doctor [--json]',
    summary: 'look at this deployment: what is wrong, and what to do about it',
    run: runDoctor,
  },
  {
    name: 'config',
    usage: 'config check [--json]',
    summary: 'check the configuration and print it, secrets masked',
    withConfig: checkConfig,
  },
];

async function runMigrations(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { json: { type: 'boolean' } } });
  const applied = await migrate(deps.jobsDb);
  if (values.json) io.out(JSON.stringify({ applied }));
  else io.out(applied.length === 0 ? 'the database is up to date' : `applied: ${applied.join(', ')}`);
  return 0;
}

async function runJobs(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { jobCommand } = await import('./jobs/cli.ts');
  const { jobTable } = await import('./jobs/table.ts');
  const { providerChores } = await import('./provider/chores.ts');
  return jobCommand(deps, jobTable(deps, providerChores), argv, io);
}

async function runKeys(deps: Deps, argv: string[], io: Io): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb !== 'reseal') return (await import('./provider/cli.ts')).keysCommand(deps, argv, io);
  const { resealCommand } = await import('./jobs/reseal.ts');
  const { providerChores } = await import('./provider/chores.ts');
  return resealCommand(deps, providerChores.sealed, rest, io);
}

async function runDoctor(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { doctorCommand } = await import('./jobs/doctor/doctor.ts');
  const { jobTable } = await import('./jobs/table.ts');
  const { providerChores } = await import('./provider/chores.ts');
  const reach = await import('./gateways/reach.ts');
  const outside = { ...reach, jobs: jobTable(deps, providerChores), sealed: providerChores.sealed };
  return doctorCommand(deps, outside, argv, io);
}

async function checkConfig(config: Config, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (positionals.join(' ') !== 'check') throw new UsageError('the only verb is check');
  const shown = describeConfig(config);
  if (values.json) io.out(JSON.stringify(shown));
  else for (const [name, value] of Object.entries(shown)) io.out(`${name}=${value}`);
  return 0;
}
