import { buildDeps, closeDeps, describeError } from './build-deps.ts';
import { COMMANDS, type Command, type Io, UsageError } from './commands.ts';
import { ConfigError, commandEnvironment, loadConfig } from './config.ts';

/** Runs one command line. @param argv without node and the program */
async function runCommandLine(argv: string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    for (const line of overview()) io.out(line);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    io.err(`educonnect: no command is called ${name}; see educonnect --help`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(`usage: educonnect ${command.usage}\n\n${command.summary}`);
    return 0;
  }
  try {
    return await execute(command, rest, io);
  } catch (error) {
    return explain(command, error, io);
  }
}

async function execute(command: Command, argv: string[], io: Io): Promise<number> {
  const config = loadConfig(commandEnvironment());
  if ('withConfig' in command) return command.withConfig(config, argv, io);
  const deps = buildDeps(config);
  try {
    return await command.run(deps, argv, io);
  } finally {
    await closeDeps(deps);
  }
}

function explain(command: Command, error: unknown, io: Io): number {
  const { code, message } = error as Error & { code?: string };
  if (error instanceof UsageError || String(code).startsWith('ERR_PARSE_ARGS')) {
    io.err(`educonnect ${command.name}: ${message}\nusage: educonnect ${command.usage}`);
    return 2;
  }
  if (error instanceof ConfigError) io.err(`educonnect: ${message}`);
  else io.err(`educonnect ${command.name}: ${describeError(error).message}`);
  return 1;
}

function overview(): string[] {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  return [
    'usage: educonnect <command> [options]',
    '',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'educonnect <command> --help shows the options. Exit code: 0 done, 1 refused or failed, 2 wrong usage.',
  ];
}

const io: Io = { out: (line) => console.log(line), err: (line) => console.error(line) };
process.exitCode = await runCommandLine(process.argv.slice(2), io);
