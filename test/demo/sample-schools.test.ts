import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFeed } from '../../src/demo/sample-schools/aaf.ts';
import { SCHOOLS, uaiOf } from '../../src/demo/sample-schools/schools.ts';
import type { Feed } from '../../src/demo/sample-schools/types.ts';
import { sampleWorld } from '../../src/demo/sample-schools/world.ts';

const world = sampleWorld();
const [primary, island, college] = world.feeds as [Feed, Feed, Feed];
const everyPupil = world.feeds.flatMap((feed) => feed.pupils);
const everyGuardian = world.feeds.flatMap((feed) => feed.guardians);

/** The guide's tables as R-165 corrects them. */
const BY_CLASS = {
  PSMS: 24,
  PS: 27,
  MSGS: 25,
  GS: 28,
  CPP: 23,
  CPB: 22,
  CM2B: 28,
  'CM1/2 D': 25,
  CM1: 28,
  CE2B: 30,
  CE1D: 28,
  'CE1/2': 25,
};
const BY_LEVEL = { PS: 37, MS: 31, GS: 30, CP: 45, CE1: 44, CE2: 38, CM1: 45, CM2: 41 };

test("the first school has the guide's guardians, pupils, classes and levels (R-161, R-165)", () => {
  const pupils = primary.pupils.filter((pupil) => pupil.school === SCHOOLS.guide);
  const count = (of: (pupil: (typeof pupils)[0]) => string) => {
    const found = new Map<string, Set<unknown>>();
    for (const pupil of pupils)
      for (const { guardian } of pupil.links) {
        const counted = found.get(of(pupil)) ?? new Set();
        found.set(of(pupil), counted.add(guardian));
      }
    return Object.fromEntries([...found].map(([key, guardians]) => [key, guardians.size]));
  };
  expect(count(() => 'all')).toEqual({ all: 238 });
  expect(pupils).toHaveLength(315);
  expect(count((pupil) => pupil.class?.label ?? '')).toEqual(BY_CLASS);
  expect(count((pupil) => pupil.level)).toEqual(BY_LEVEL);
});

test('there are about 1,500 pupils, 700 of them at the collège', () => {
  expect(everyPupil.length).toBeGreaterThan(1400);
  expect(everyPupil.length).toBeLessThan(1600);
  expect(college.pupils).toHaveLength(700);
});

test('the people are the same in each run', () => {
  const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
  expect(digest(sampleWorld())).toBe(digest(world));
});

test('all mobiles are of the range for fiction, those of La Réunion of a block of its own', () => {
  for (const { mobile } of [...primary.guardians, ...college.guardians])
    expect(mobile?.replace(/\D/g, '') ?? '0000000000').toMatch(/^(0000000000|(0|33)63998\d{4})$/);
  for (const { mobile } of island.guardians)
    expect(mobile?.replace(/\D/g, '') ?? '0000000000').toMatch(/^(0000000000|(0|262)69200\d{4})$/);
  for (const { email } of everyGuardian)
    expect(email ?? 'a@example.org').toMatch(/^[a-z0-9.-]+@example\.(org|net)$/);
});

test('INE are unique, numbers within each directory too, and the two academies share some', () => {
  const ine = everyPupil.flatMap((pupil) => pupil.ine ?? []);
  expect(new Set(ine).size).toBe(ine.length);
  for (const value of ine) expect(value).toMatch(/^\d{9}[A-Z]{2}$/);
  const ids = world.feeds.map((feed) =>
    [...feed.pupils, ...feed.guardians, ...feed.heads].map((one) => one.sourceId),
  );
  for (const own of ids) expect(new Set(own).size).toBe(own.length);
  expect(ids[1]?.some((id) => ids[0]?.includes(id))).toBe(true);
});

test('the awkward cases of real directories are there', () => {
  const names = new Map<string, number>();
  for (const { givenName, familyName } of everyGuardian)
    names.set(`${givenName} ${familyName}`, (names.get(`${givenName} ${familyName}`) ?? 0) + 1);
  expect([...names.values()].filter((count) => count > 2).length).toBeGreaterThan(5);
  expect(everyPupil.filter((pupil) => pupil.ine === null)).toHaveLength(1);
  expect(everyPupil.filter((pupil) => pupil.class === null)).toHaveLength(1);
  expect(everyPupil.some((pupil) => pupil.familyName.length > 45)).toBe(true);
  const links = college.pupils.flatMap((pupil) => pupil.links);
  expect(new Set(links.map((link) => link.legal))).toEqual(new Set([0, 1, 2]));
  expect(links.filter((link) => link.code === '70')).toHaveLength(1);
  expect(
    college.pupils.some(({ links: own }) => new Set(own.map((link) => link.guardian)).size < own.length),
  ).toBe(true);
  expect(everyGuardian.some((guardian) => /[ŁĆ]/.test(guardian.familyName))).toBe(true);
  const same = (guardian: { givenName: string; familyName: string; mobile: string | null }) =>
    `${guardian.givenName} ${guardian.familyName} ${guardian.mobile}`;
  const atPrimary = new Set(primary.guardians.map(same));
  expect(college.guardians.filter((guardian) => atPrimary.has(same(guardian))).length).toBeGreaterThan(100);
});

test('UAI have the key letter of the real rule', () => {
  expect(uaiOf('0311478')).toBe('0311478N');
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-feed-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('files are named as the academies name theirs, in parts without a gap', async () => {
  const names = await writeFeed(folder, college, new Date('2026-09-14T01:00:00Z'));
  expect(names).toEqual(await readdir(folder).then((found) => expect.arrayContaining(found)));
  expect(names).toContain('ENT2D-AC16_Complet_20260914_Eleve_0001.xml');
  const text = await readFile(join(folder, 'ENT2D-AC16_Complet_20260914_Eleve_0000.xml'), 'utf8');
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<!DOCTYPE ficAlimMENESR SYSTEM/);
  expect(text).toContain('codeAcademieExport="16" degre="2D"');
  expect(text).toMatch(/<attr name="ENTElevePersRelEleve"><value>\d+\$(10|20)\$1\$1\$0\$0<\/value>/);
});

test('ISO-8859-15 is written as such, what it lacks as a character reference', async () => {
  await writeFeed(folder, primary, new Date('2026-09-14T01:00:00Z'));
  const bytes = await readFile(join(folder, 'ENT1D-AC16_Complet_20260914_PersRelEleve_0000.xml'));
  const text = new TextDecoder('iso-8859-15').decode(bytes);
  expect(text).toContain('<value>ŒUVRARD</value>');
  expect(text).toContain('<value>Hélène</value>');
  expect(text).toMatch(/&#321;ÓD&#377;/);
});
