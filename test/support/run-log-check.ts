import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Words that nobody should find in a log, whoever typed them. */
const PATTERNS: readonly [what: string, pattern: RegExp][] = [
  // Not who stands before the host of an address, as services are asked to be led to.
  ['a mail address', /(?<!\/\/[\w.:+-]*|[\w.+-])[\w.+-]+@[\w-]+\.[a-z]{2,}/i],
  ['a mobile', /(?<![\w.-])(?:\+33|0033|0)[67](?:[ .]?\d\d){4}(?!\w)/],
  ['a birth date', /(?<!\d)(?:(?:19|20[01])\d-[01]\d-[0-3]\d|[0-3]\d\/[01]\d\/(?:19\d\d|20[01]\d))(?!\d)/],
  ['a signed token', /eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a password hash', /\$argon2/],
];

/** Of a line, what says when and where it was written. */
const OWN_FIELDS = ['level', 'time', 'pid', 'hostname', 'ms', 'requestId', 'test'];

/**
 * @param lines of a log, each after the name of its test
 * @returns what is told too much, without telling it again
 */
export function foundInLog(lines: Iterable<string>, secrets: ReadonlySet<string>): string[] {
  const found = new Map<string, number>();
  for (const line of lines) {
    const cut = line.indexOf(' ');
    const said = wordsOf(line.slice(cut + 1));
    const tell = (what: string) => {
      const text = `${line.slice(0, cut)}: ${what}: ${masked(said).slice(0, 300)}`;
      found.set(text, (found.get(text) ?? 0) + 1);
    };
    for (const [what, pattern] of PATTERNS) if (pattern.test(said)) tell(what);
    if (tokensOf(said).some((token) => secrets.has(token))) tell('what a visitor typed or was given');
  }
  return [...found].map(([text, times]) => `${text} (${times})`);
}

function wordsOf(line: string): string {
  try {
    const fields = JSON.parse(line) as Record<string, unknown>;
    for (const name of OWN_FIELDS) delete fields[name];
    return JSON.stringify(fields);
  } catch {
    return line;
  }
}

/** Also as they stand in an address, and between the dots of a token. */
function tokensOf(text: string): string[] {
  const whole = text.split(/[^\w+.@~%-]+/);
  return whole.flatMap((token) => {
    const plain = decoded(token);
    return plain.includes('.') ? [plain, plain.replace(/\.+$/, ''), ...plain.split('.')] : [plain];
  });
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

const masked = (text: string) => text.replace(/\d/g, '#');

export type RunLog = { lines: number; secrets: number; told: string[] };

/** @returns how much was looked through, and what the logs of a run tell too much */
export async function checkRunLog(folder: string): Promise<RunLog> {
  const names = await readdir(folder);
  const read = async (ending: string) =>
    (
      await Promise.all(
        names.filter((name) => name.endsWith(ending)).map((name) => readFile(join(folder, name), 'utf8')),
      )
    ).flatMap((text) => text.split('\n').filter((line) => line !== ''));
  const [lines, secrets] = [await read('.log'), new Set(await read('.secrets'))];
  return { lines: lines.length, secrets: secrets.size, told: foundInLog(lines, secrets) };
}
