import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { portalPeople } from '../../src/demo/academic-portal-people.ts';
import type { Persona } from '../../src/demo/personas.ts';
import { demoFiles } from '../../src/demo/places.ts';
import { seed } from '../../src/demo/seed.ts';
import { createProvider } from '../../src/provider/index.ts';
import { type ReadPdf, readPdf } from '../messages/read-pdf.ts';
import { closeBrowser, newPage, type TestPage } from './browser.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { testDeps } from './deps.ts';
import { type StaffWorld, startStaffWorld } from './staff.ts';
import { startService, type TestService } from './world.ts';

/** The collège of the demo with its people, its head and its delegate, and an ENT that signs pupils in. */
export type DemoCollege = {
  database: TestDatabase;
  world: StaffWorld;
  ent: TestService;
  uai: string;
  persona(key: string): Persona;
  visit(options?: Parameters<typeof newPage>[0]): Promise<TestPage>;
  /** A member of the staff comes in by the portal. @param login behind it `.sans-cle` leaves the key at home */
  enter(key: string, suffix?: string): Promise<TestPage>;
  /** A link to a PDF is followed, and the file read. */
  pdf(page: TestPage, name: string): Promise<ReadPdf>;
  closePages(): Promise<void>;
  close(): Promise<void>;
};

export async function startDemoCollege(): Promise<DemoCollege> {
  const database = await createTestDatabase({ statementTimeoutMs: 60_000 });
  const folder = await mkdtemp(join(tmpdir(), 'ec-college-'));
  const files = demoFiles(folder);
  const clock = { now: () => new Date() };
  await seed({ ...testDeps(database), clock }, files, () => {});
  const personas: Persona[] = JSON.parse(await readFile(files.personas, 'utf8'));
  await rm(folder, { recursive: true, force: true });
  const world = await startStaffWorld(database, {
    parts: { clock },
    provider: createProvider,
    people: portalPeople(personas),
  });
  const scope = 'openid profile email educonnect educonnect_ref educonnect_eleves';
  const ent = await startService(world.app.deps, 'ent', scope);
  const persona = (key: string) => personas.find((one) => one.key === key) as Persona;
  const pages: TestPage[] = [];
  const visit: DemoCollege['visit'] = async (options = {}) => {
    const page = await newPage(options);
    pages.push(page);
    return page;
  };
  return {
    database,
    world,
    ent,
    uai: persona('head-college').schools?.[0] ?? '',
    persona,
    visit,
    enter: async (key, suffix = '') => {
      const page = await visit();
      await page.goto(`${world.base}/admin`);
      await page.getByLabel('Identifiant').fill(`${persona(key).academic_portal?.login}${suffix}`);
      await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
      return page;
    },
    pdf: async (page, name) => {
      const waiting = page.waitForEvent('download');
      await page
        .getByRole('link', { name, exact: true })
        .or(page.getByRole('button', { name, exact: true }))
        .click();
      return readPdf(await readFile(await (await waiting).path()));
    },
    closePages: async () => {
      for (const page of pages.splice(0)) {
        expect(page.watched.errors()).toEqual([]);
        await page.close();
      }
    },
    close: async () => {
      await closeBrowser();
      await ent.close();
      await world.close();
      await database.drop();
    },
  };
}
