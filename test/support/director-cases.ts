import { expect } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createProvider } from '../../src/provider/index.ts';
import { night } from '../imports/nights.ts';
import type { AafFeed } from './aaf.ts';
import { closeBrowser, newPage, type TestPage } from './browser.ts';
import { type Carrier, startCarrier } from './carrier.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { STAFF_SCHOOLS, type StaffWorld, startStaffWorld } from './staff.ts';
import { startService, type TestService } from './world.ts';

export const DAY_MS = 86_400_000;

/** One guardian and his children as ONDE has them; birth dates `DD/MM/YYYY`. */
export type Family = {
  familyName: string;
  mobile?: string;
  email?: string;
  children: { givenName: string; birthDate: string }[];
};

/**
 * What the usual cases of the guide begin with (S1, section 3): a school whose families come by the import of the
 * night, its director in a browser, the parents in theirs. Time stands where the test moves it.
 */
export type Cases = {
  database: TestDatabase;
  world: StaffWorld;
  carrier: Carrier;
  ent: TestService;
  advance(ms: number): void;
  now(): Date;
  /** Has ONDE say this of a family, beside the others, and lets the night bring it. */
  arrive(...families: Family[]): Promise<void>;
  visit(options?: Parameters<typeof newPage>[0]): Promise<TestPage>;
  /** The director comes in by the portal. */
  enter(login?: string): Promise<TestPage>;
  account(familyName: string): Promise<Account>;
  provisional(familyName: string): Promise<string>;
  /** Sends what waits. @returns the text of the last mail to this address */
  lastMail(to: string): Promise<string>;
  /** Where the link of the last activation mail to this address leads. */
  lastLink(to: string): Promise<string>;
  /** What the trail says of this account, the oldest first: event and actor. */
  trail(familyName: string): Promise<[string, string][]>;
  /** Closes the pages of a test, on which the browser must not have complained. */
  closePages(): Promise<void>;
  close(): Promise<void>;
};

export async function startCases(): Promise<Cases> {
  const database = await createTestDatabase();
  const carrier = await startCarrier();
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  const world = await startStaffWorld(database, {
    env: carrier.env,
    parts: { clock },
    provider: createProvider,
  });
  const { deps } = world.app;
  carrier.connect(deps);
  const ent = await startService(deps, 'ent', 'openid profile email educonnect educonnect_eleves');
  const pages: TestPage[] = [];
  const families = new Map<string, Family>();
  const visit: Cases['visit'] = async (options = {}) => {
    const page = await newPage(options);
    pages.push(page);
    return page;
  };
  const account: Cases['account'] = (familyName) =>
    database
      .db('accounts')
      .select(accountColumns())
      .where({ family_name: familyName, closed_at: null })
      .first();
  const lastMail: Cases['lastMail'] = async (to) => {
    await sendDue(deps, { channel: 'email', limit: 100 });
    return deps.mailer.sent.filter((mail) => mail.to === to).at(-1)?.text ?? '';
  };
  return {
    database,
    world,
    carrier,
    ent,
    advance: (ms) => {
      ahead += ms;
    },
    now: () => clock.now(),
    arrive: async (...come) => {
      for (const family of come) families.set(family.familyName, family);
      await night(deps, feedOf([...families.values()]));
    },
    visit,
    enter: async (login = 'directeur') => {
      const page = await visit();
      await page.goto(`${world.base}/admin`);
      await page.getByLabel('Identifiant').fill(login);
      await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
      await page.getByRole('heading', { name: 'Bienvenue' }).waitFor();
      return page;
    },
    account,
    provisional: async (familyName) => openProvisional(deps, await account(familyName)) ?? '',
    lastMail,
    lastLink: async (to) => /https?:\S+\/activation\/[\w-]+/.exec(await lastMail(to))?.[0] ?? '',
    trail: async (familyName) => {
      const { id } = await account(familyName);
      const lines = await database.db('audit_events').where({ account_id: id }).orderBy('id');
      return lines.map(({ event, actor }): [string, string] => [event, actor ?? '']);
    },
    closePages: async () => {
      for (const page of pages.splice(0)) {
        expect(page.watched.errors()).toEqual([]);
        await page.close();
      }
    },
    close: async () => {
      await closeBrowser();
      await carrier.close();
      await ent.close();
      await world.close();
      await database.drop();
    },
  };
}

function feedOf(families: readonly Family[]): AafFeed {
  const { uai, name } = STAFF_SCHOOLS.one;
  return {
    degree: 1,
    academy: '16',
    schools: [{ id: '319911', uai, name, academy: '16' }],
    guardians: families.map(({ familyName, mobile, email }, index) => ({
      id: `${index + 51}`,
      familyName,
      givenName: 'Guillaume',
      title: 'M.',
      ...(mobile === undefined ? {} : { mobile }),
      ...(email === undefined ? {} : { email }),
    })),
    pupils: families.flatMap(({ familyName, children }, index) =>
      children.map((child, rank) => ({
        id: `${(index + 1) * 10 + rank}`,
        school: '319911',
        familyName,
        ...child,
        guardians: [{ guardian: `${index + 51}` }],
      })),
    ),
  };
}
