import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { importCommand } from '../../src/imports/cli.ts';
import { type AafFeed, writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { inFolder } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

const feed: AafFeed = {
  degree: 1,
  schools: [{ id: 'A', uai: '0319901A', name: 'E.E.PU-LES TILLEULS-ac-X' }],
  pupils: [
    { id: '1', school: 'A', guardians: [{ guardian: '51' }] },
    { id: '2', school: 'A', birthDate: '30/02/2015' },
  ],
  guardians: [{ id: '51' }],
};

async function command(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await importCommand(deps, argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('--json prints what contract.md says, and refused records do not fail the command', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    const rehearsal = await command(folder, '--json', '--dry-run');
    expect(rehearsal.code).toBe(0);
    expect(JSON.parse(rehearsal.out)).toMatchObject({
      dry_run: true,
      accounts: { created: 1, changed: 0, closed: 0 },
    });
    expect(await database.db('pupils').select()).toEqual([]);
    const { code, out, err } = await command(folder, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      report: expect.stringMatching(/^\d+$/),
      dry_run: false,
      read: { schools: 1, pupils: 2, guardians: 1 },
      accounts: { created: 1, changed: 0, closed: 0 },
      schools: [{ uai: '0319901A', pupils: 1, arrived: 1, accounts_created: 1 }],
      refused: [{ file: names.Eleve, record: '2', reason: 'the birth date does not exist' }],
    });
    expect(err).toContain('reading 1 of 3');
    expect(err).toContain('schools 1 of 1: 0319901A');
  });
});

test('without --json it is text', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feed);
    const { code, out } = await command(folder);
    expect(code).toBe(0);
    expect(out).toContain('1 schools, 2 pupils, 1 guardians');
    expect(out).toContain('0319901A  E.E.PU-LES TILLEULS-ac-X: 1 pupils; 1 records refused');
    expect(out).toContain(`${names.Eleve}, 2: the birth date does not exist`);
  });
});

test('a feed that is refused is exit code 1 with a clear sentence', async () => {
  await inFolder(async (folder) => {
    expect(await command(folder)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('refused, nothing was changed'),
    });
    const json = await command(folder, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      refused: [{ file: '', record: '', reason: 'there is no readable AAF file in this folder' }],
      schools: [],
    });
    expect((await command(`${folder}/nowhere`)).err).toContain('there is no folder');
  });
});

test('an import that runs already is exit code 1', async () => {
  await inFolder(async (folder) => {
    await writeAaf(folder, feed);
    const both = await Promise.all([command(folder), command(folder)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(both.map(({ err }) => err).join()).toContain('another import is running');
  });
});

test.each([[[]], [['a', 'b']], [['a', '--what']]])('wrong usage %j is exit code 2', async (argv) => {
  expect(await command(...argv)).toMatchObject({
    code: 2,
    err: expect.stringContaining('usage: educonnect import'),
  });
});
