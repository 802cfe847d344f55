import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import { readUai } from '../directory/uai.ts';
import { type Batch, type NotifyRefusal, notifySchool } from './notify.ts';
import { recordPrint } from './print.ts';
import { type FileRefusal, openLettersFile } from './write-letters.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = 'usage: educonnect notify --school <UAI> --out <file.pdf> [--class <class>] [--json]';

const FILE_REFUSALS: Record<FileRefusal, (path: string) => string> = {
  'not-a-file': (path) => `${path} is a folder or a device. Name a file.`,
  'not-writable': (path) => `${path} cannot be written: the folder is missing or closed to you.`,
};
const REFUSALS: Record<NotifyRefusal, (uai: string) => string> = {
  'unknown-school': (uai) => `No school has the UAI ${uai}. Nothing was changed.`,
  'unknown-class': (uai) => `${uai} has no such class with accounts. Nothing was changed.`,
  nobody: (uai) =>
    `${uai} has no account to notify: its pupils lack an INE or a class, or have no legal guardian. Nothing was changed.`,
};

/**
 * `educonnect notify`: distributes the accounts of a school and writes the letters.
 * @returns 0 done, 1 refused or failed, 2 wrong usage
 */
export async function notifyCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      school: { type: 'string' },
      out: { type: 'string' },
      class: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const uai = readUai(values.school ?? '');
  if (!values.out || uai === null) {
    io.err(values.school && values.out ? `${values.school} is no UAI: seven digits and a letter.` : USAGE);
    return 2;
  }
  const opened = await openLettersFile(deps, values.out);
  if (!opened.ok) {
    io.err(`${FILE_REFUSALS[opened.reason](values.out)} Nothing was changed.`);
    return 1;
  }
  const batch = await distribute(deps, { uai, schoolClass: values.class, discard: opened.file.discard }, io);
  if (batch === null) return 1;
  try {
    await opened.file.write(batch);
    await recordPrint(deps, batch, { batch: batch.id, actor: { actorKind: 'operator' } });
  } catch (error) {
    deps.log.error({ err: error }, 'letters not written');
    io.err(
      `The accounts of ${uai} are distributed, but ${values.out} could not be written. ` +
        'Run the command again: the letters will bear the same passwords.',
    );
    return 1;
  }
  report(io, batch, values.out, values.json);
  return 0;
}

async function distribute(
  deps: Deps,
  request: { uai: string; schoolClass: string | undefined; discard(): Promise<void> },
  io: Io,
): Promise<Batch | null> {
  try {
    const { uai: schoolUai, schoolClass } = request;
    const result = await notifySchool(deps, { schoolUai, schoolClass, actor: { actorKind: 'operator' } });
    if (result.ok) return result.batch;
    io.err(REFUSALS[result.reason](schoolUai));
  } catch (error) {
    await request.discard();
    throw error;
  }
  await request.discard();
  return null;
}

function report(io: Io, batch: Batch, path: string, json: boolean): void {
  const { id, school, notified } = batch;
  const kinds = { C01: 0, C03: 0, C05: 0 };
  for (const { message } of notified) kinds[message as keyof typeof kinds] += 1;
  if (json) {
    const { uai, name } = school;
    io.out(JSON.stringify({ batch: id, school: { uai, name }, letters: notified.length, kinds, file: path }));
    return;
  }
  io.out(`${school.uai} ${school.name}: ${notified.length} letters in ${path}`);
  io.out(`  C01 identifier and provisional password   ${kinds.C01}`);
  io.out(`  C03 reminder, password unchanged          ${kinds.C03}`);
  io.out(`  C05 new provisional password              ${kinds.C05}`);
}
