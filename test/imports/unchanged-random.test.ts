import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDraw, type Draw } from '../../src/demo/sample-schools/draw.ts';
import { importFolder } from '../../src/imports/run.ts';
import {
  type AafFeed,
  type AafGuardian,
  type AafPupil,
  aafChange,
  aafDelete,
  document,
  pupilRecord,
  recordsOf,
  writeAaf,
  writeDelta,
} from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

const NIGHTS = 7;
const PUPILS = 24;
const SCHOOLS = ['A', 'B', 'C'];

type World = { pupils: Map<string, AafPupil>; guardians: Map<string, AafGuardian> };

/** Anything that may happen to anybody between two nights; most stay as they are. */
function live(draw: Draw, { pupils, guardians }: World): void {
  for (let id = 1; id <= PUPILS; id += 1) {
    const key = String(id);
    const pupil = pupils.get(key);
    if (!pupil ? draw.percent(40) : draw.percent(5)) {
      const links = [`5${1 + draw.below(PUPILS)}`, `5${1 + draw.below(PUPILS)}`];
      pupils.set(key, {
        id: key,
        school: draw.one(SCHOOLS),
        ine: draw.percent(20) ? null : `1234567${String(id).padStart(2, '0')}AB`,
        className: draw.percent(20) ? null : draw.one(['A', 'B']),
        birthDate: draw.percent(8) ? '31/02/2015' : '05/03/2015',
        givenName: draw.one(['Ana', 'Bea']),
        guardians: links.map((guardian) => ({ guardian })),
      });
    } else if (draw.percent(6)) pupils.delete(key);
    const guardian = guardians.get(`5${id}`);
    if (!guardian ? draw.percent(60) : draw.percent(6)) {
      guardians.set(`5${id}`, {
        id: `5${id}`,
        givenName: draw.percent(8) ? '' : draw.one(['Lou', 'Max']),
        familyName: draw.one(['UN', 'DEUX']),
        mobile: draw.one(['06 39 98 00 01', '06 39 98 00 02', '01']),
      });
    } else if (draw.percent(6)) guardians.delete(`5${id}`);
  }
}

/** Writes the night's files; some have a record twice, or are of changes. */
async function write(draw: Draw, world: World, folder: string, night: number): Promise<void> {
  const date = `202611${String(night + 10)}`;
  if (night > 0 && draw.percent(25)) {
    const ids = [...world.pupils.keys()];
    const changed = draw.one(ids);
    const gone = draw.one(ids.filter((id) => id !== changed));
    await writeDelta(
      folder,
      { degree: 1, date },
      { Eleve: [aafChange('Eleve', changed, { ENTPersonPrenom: 'Zoe' }), aafDelete('Eleve', gone)] },
    );
    return;
  }
  const feed: AafFeed = {
    degree: 1,
    date,
    schools: SCHOOLS.filter((id) => id !== 'C' || !draw.percent(20)).map((id) => ({
      id,
      uai: `031990${SCHOOLS.indexOf(id)}A`,
    })),
    pupils: [...world.pupils.values()],
    guardians: [...world.guardians.values()],
  };
  const names = await writeAaf(folder, feed);
  if (!draw.percent(30)) return;
  const twice = draw.one(feed.pupils);
  const again = pupilRecord(1, draw.percent(50) ? twice : { ...twice, givenName: 'Uma' });
  await writeFile(join(folder, names.Eleve), document({ degree: 1 }, [...recordsOf(feed).Eleve, again]));
}

async function state() {
  const db = database.db;
  const people = (table: string) =>
    db(`${table} as p`)
      .leftJoin('accounts as a', 'a.id', 'p.account_id')
      .orderBy('p.source_id')
      .select('p.source_id', 'p.given_name', 'p.family_name', 'p.digest', 'p.left_at', 'a.identifier');
  return {
    pupils: await people('pupils'),
    guardians: await people('guardian_references'),
    places: await db('pupils as p')
      .leftJoin('schools as s', 's.id', 'p.school_id')
      .leftJoin('classes as c', 'c.id', 'p.class_id')
      .orderBy('p.source_id')
      .select('p.source_id', 's.uai', 'c.code', 'p.links_digest'),
    links: await db('legal_links as l')
      .join('pupils as p', 'p.id', 'l.pupil_id')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .orderBy(['p.source_id', 'g.source_id'])
      .select('p.source_id', 'g.source_id as guardian', 'l.ended_at'),
  };
}

async function nights(seed: number, forget: boolean) {
  const draw = createDraw(seed);
  const world: World = { pupils: new Map(), guardians: new Map() };
  await emptyLiveTables(database);
  await database.db('import_feeds').delete();
  deps.clock.set(new Date('2026-11-22T08:00:00.000Z'));
  const told: unknown[] = [];
  for (let night = 0; night < NIGHTS; night += 1) {
    live(draw, world);
    deps.clock.advance(86_400_000);
    if (forget) {
      await database.db('pupils').update({ record_digest: null });
      await database.db('guardian_references').update({ record_digest: null });
    }
    const result = await inFolder(async (folder) => {
      await write(draw, world, folder, night);
      return importFolder(deps, folder, { sizes: { groupPersons: 1 + (seed % 20) } });
    });
    if (!result.ok) throw new Error(JSON.stringify(result));
    const { report: _, refused, ...report } = result.report;
    const sorted = refused.map(({ record, reason }) => `${record}: ${reason}`).sort();
    told.push({ night, failed: result.failed, report, refused: sorted, state: await state() });
  }
  return told;
}

test('night after night, what is passed over is what would have changed nothing', async () => {
  for (let turn = 0; turn < 4; turn += 1) {
    const seed = randomInt(1_000_000);
    const [passing, reading] = [await nights(seed, false), await nights(seed, true)];
    for (const [night, told] of passing.entries()) {
      expect({ seed, told }).toEqual({ seed, told: reading[night] });
    }
  }
}, 120_000);
