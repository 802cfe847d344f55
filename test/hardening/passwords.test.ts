import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { countAttempt } from '../../src/credentials/attempts.ts';
import { createPasswordHasher } from '../../src/credentials/hasher.ts';
import { checkPassword } from '../../src/credentials/policy.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { OLD_PASSWORD, seedActive } from '../support/active-guardian.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms, testConfig } from '../support/deps.ts';
import { found, seedFamily } from '../support/family.ts';
import { codeFor } from '../support/guardians.ts';
import {
  isRefreshed,
  type KeepingService,
  keepSignedIn,
  startKeepingService,
} from '../support/keeping-service.ts';
import { CHOSEN, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';
import { routesOf } from './router.ts';

/** Lines C01 to C09 of the matrix, as far as no other test has them, against the whole application. */

let database: TestDatabase;
let world: TestWorld;
let keeping: KeepingService;
let visitor: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const env = { TRUSTED_PROXIES: '127.0.0.1' };
  world = await startWorld(database, { env, parts: { sms: createTestSms() } });
  keeping = await startKeepingService(world.deps);
});
afterAll(async () => {
  await keeping?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `c.hardy${count}`;
  visitor = from('192.0.2.1');
  for (const table of ['throttles', 'code_requests']) await database.db(table).delete();
});

/** A browser at this network address. */
function from(ip: string): Visitor {
  return createVisitor(world.app.url, { headers: { 'x-forwarded-for': ip } });
}
const startOf = (page: Answer) => /^\/interaction\/[^/]+/.exec(pathOf(page))?.[0] ?? 'nowhere';
const begin = (who = visitor, service = world.ent) => who.get(authorizePath(service));
const signIn = async (password: string, who = visitor) =>
  typePassword(who, await begin(who), { identifier, password });

async function resetBySchool(accountId: number): Promise<void> {
  const { school_id: schoolId } = await database
    .db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where('g.account_id', accountId)
    .first('p.school_id');
  const actor = { actorKind: 'school', actor: 'staff:1' } as const;
  const reset = await resetPasswords(world.deps, {
    schoolId,
    accountIds: [accountId],
    formKey: null,
    actor,
  });
  if (!reset.ok) throw new Error(reset.reason);
}

describe('C01: whoever has typed the provisional password has nothing but the next step', () => {
  /** Every page that there is, as this browser is answered, and both services: none gives a code or a session. */
  async function triesEverything(step: string, start: string): Promise<void> {
    const uid = start.split('/').at(-1) ?? '';
    const pages = routesOf(world.deps)
      .filter(({ method, path }) => method === 'GET' && !path.startsWith('/admin'))
      .map(({ path }) => path.replace(':uid', uid).replace(/:\w+/g, 'x'));
    expect(pages.length).toBeGreaterThan(60);
    for (const path of pages) {
      const answer = await visitor.send(path);
      expect([path, codeOf(answer), answer.status < 500]).toEqual([path, null, true]);
      expect([path, answer.text.includes('Mes informations')]).toEqual([path, false]);
    }
    for (const path of [
      authorizePath(world.ent, { prompt: 'none' }),
      authorizePath(world.lsu, { prompt: 'none' }),
      authorizePath(world.lsu),
      authorizePath(world.ent),
    ])
      expect([path, codeOf(await visitor.get(path))]).toEqual([path, null]);
    // The token endpoint knows no code, refresh token or password of his.
    for (const grant of [
      { grant_type: 'authorization_code', code: uid, redirect_uri: `${world.ent.origin}/callback` },
      { grant_type: 'refresh_token', refresh_token: uid },
      { grant_type: 'password', username: identifier, password: PROVISIONAL },
    ]) {
      const credentials = Buffer.from(`${world.ent.clientId}:${world.ent.clientSecret}`).toString('base64');
      const answer = await fetch(`${world.app.url}/oidc/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials}` },
        body: new URLSearchParams(grant as Record<string, string>),
      });
      expect([grant.grant_type, answer.status]).toEqual([grant.grant_type, 400]);
    }
    // The second tab, and the back button: the page of the step again.
    expect(pathOf(await visitor.get(start))).toBe(`${start}/${step}`);
    const { publicId } = await found(world.deps, identifier);
    for (const table of ['oidc_sessions', 'oidc_grants', 'account_sessions'])
      expect([table, await database.db(table).where({ account_id: publicId })]).toEqual([table, []]);
  }

  test('at each of its steps, on every page of the router, at the provider and at the token endpoint', async () => {
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    let page = await signIn(PROVISIONAL);
    const start = startOf(page);
    await triesEverything('mot-de-passe', start);
    page = await visitor.submit(await visitor.get(start), { new_password: CHOSEN, confirmation: CHOSEN });
    await triesEverything('adresse', start);
    page = await visitor.submit(await visitor.get(start), { email: `${identifier}@example.org` });
    await triesEverything('naissance', start);
    page = await visitor.submit(await visitor.get(start), { day: '9', month: '3', year: '2017' });
    await triesEverything('activation', start);
    const [link = ''] = await linksSent(world.deps, `${identifier}@example.org`);
    await visitor.submit(await visitor.get(link), {});
    expect(codeOf(await visitor.submit(page, {}, '/continuer'))).not.toBeNull();
  });
});

describe('C03: a provisional password', () => {
  test('printed anew: the old sheet opens nothing, the new one does; after 90 days neither', async () => {
    const account = await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    await resetBySchool(account.id);
    const printed = String(openProvisional(world.deps, await found(world.deps, identifier)));
    expect(printed).not.toBe(PROVISIONAL);
    const old = await signIn(PROVISIONAL);
    const wrong = await signIn('GVKJ7PPE24');
    expect([old.status, wrong.status]).toEqual([400, 400]);
    const words = ({ text }: Answer) => text.replace(/value="[^"]*"|interaction\/[\w-]+/g, '');
    expect(words(old)).toBe(words(wrong));
    expect(pathOf(await signIn(printed))).toMatch(/\/mot-de-passe$/);
    world.advance(90 * 86_400_000 + 1000);
    expect((await signIn(printed, from('192.0.2.2'))).status).toBe(400);
  });
});

describe('C05: the account of a parent under attack', () => {
  /** From so many networks, so often each, that no password is looked at any more. */
  async function attack(networks: number): Promise<void> {
    for (let network = 1; network <= networks; network += 1)
      for (let attempt = 0; attempt < 6; attempt += 1)
        await countAttempt(world.deps, identifier, `198.51.100.${network}`);
  }

  test('locked from one network: her own password still opens it from hers', async () => {
    ({ identifier } = await seedActive(world.deps));
    await attack(1);
    expect((await signIn(OLD_PASSWORD, from('198.51.100.1'))).status).toBe(400);
    expect(codeOf(await signIn(OLD_PASSWORD))).not.toBeNull();
  });

  test('locked from everywhere: a code by SMS opens it', async () => {
    const mobile = '+33639987301';
    ({ identifier } = await seedActive(world.deps, { mobile }));
    await attack(25);
    expect((await signIn(OLD_PASSWORD)).status).toBe(400);
    const form = await visitor.get(`${startOf(await begin())}/mot-de-passe-oublie/sms`);
    const asked = await visitor.submit(form, { identifier, mobile }, '/sms');
    const proved = await visitor.submit(asked, { code: (await codeFor(world.deps, mobile)) ?? '' }, '/code');
    expect(
      codeOf(await visitor.submit(proved, { new_password: CHOSEN, confirmation: CHOSEN })),
    ).not.toBeNull();
  });
});

describe('C06: a password that is changed', () => {
  test.each(['by its owner', 'by the school'])(
    '%s: a code not yet exchanged is worth nothing, nor any link',
    async (whose) => {
      const account = await seedActive(world.deps);
      ({ identifier } = account);
      const elsewhere = from('192.0.2.7');
      await signIn(OLD_PASSWORD, elsewhere);
      const { refreshToken } = await keepSignedIn(world, elsewhere, keeping);
      const pending = codeOf(await elsewhere.get(authorizePath(world.ent, { prompt: 'none' }))) ?? '';
      const form = await visitor.get(`${startOf(await begin())}/mot-de-passe-oublie`);
      await visitor.submit(form, { identifier }, 'oublie');
      if (whose === 'by its owner') {
        await typePassword(visitor, await visitor.get('/'), { identifier, password: OLD_PASSWORD });
        const page = await visitor.get('/compte/mot-de-passe');
        await visitor.submit(page, { new_password: CHOSEN, confirmation: CHOSEN });
      } else {
        await resetBySchool(account.id);
      }
      expect((await exchange(world, world.ent, pending)).status).toBe(400);
      expect(await isRefreshed(world, keeping, refreshToken)).toBe(false);
      expect(codeOf(await elsewhere.get(authorizePath(world.ent, { prompt: 'none' })))).toBeNull();
      await sendDue(world.deps, { limit: 100 });
      const mails = world.deps.mailer.sent.filter(({ to }) => to === account.email);
      // The person is told, by the address that she had before.
      expect(mails.some(({ text }) => !text.includes('/mot-de-passe/'))).toBe(true);
      for (const link of mails.flatMap(({ text }) => /\/mot-de-passe\/[\w-]+/.exec(text) ?? []))
        expect((await visitor.get(link)).status).toBe(400);
      const links = await database.db('mail_links').where({ account_id: account.id, purpose: 'recover' });
      expect(links.map((link) => (link.revoked_at ?? link.consumed_at) !== null)).toEqual([true]);
    },
  );
});

test('C07: with the memory of the configuration unless told otherwise, argon2id writes 46 MiB into its hashes', async () => {
  const config = testConfig(database.url, { ARGON2_MEMORY_KIB: '' });
  const hash = await createPasswordHasher(config).hash(CHOSEN);
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
});

describe('C09: what is typed as a password', () => {
  test('too long to be one is refused before argon2 is asked, known or unknown alike', async () => {
    await seedActive(world.deps).then((account) => {
      identifier = account.identifier;
    });
    const { passwords } = world.deps;
    const { verify, pretend } = passwords;
    let checks = 0;
    Object.assign(passwords, {
      verify: (phc: string, password: string) => {
        checks += 1;
        return verify(phc, password);
      },
      pretend: (password: string) => {
        checks += 1;
        return pretend(password);
      },
    });
    const seen = [];
    for (const typed of [identifier, 'x.inconnu'])
      for (const password of ['a1'.repeat(5000), 'é'.repeat(600)]) {
        const answer = await typePassword(visitor, await begin(), { identifier: typed, password });
        seen.push([answer.status, answer.text.includes('trop long')]);
      }
    expect(seen).toEqual(Array(4).fill([400, true]));
    const path = `${startOf(await begin())}/connexion?profil=responsable`;
    const csrf = /name="_csrf" value="([^"]+)"/.exec((await visitor.get(path)).text)?.[1];
    const fields = `_csrf=${csrf}&identifier=${identifier}&password=`;
    const raw = Buffer.concat([Buffer.from(fields), Buffer.from([0xc3, 0x28, 0xff])]);
    for (const [body, status] of [
      [`${fields}${'x'.repeat(1_000_000)}`, 413],
      [`${fields}%C3%28`, 400],
      [raw, 400],
    ] as const)
      expect((await visitor.send(path, postOf(body))).status).toBe(status);
    expect(checks).toBe(0);
    Object.assign(passwords, { verify, pretend });
  });

  test('composed or decomposed by the keyboard it is the same password', async () => {
    const composed = 'étagère7rôle'.normalize('NFC');
    const decomposed = composed.normalize('NFD');
    expect(decomposed).not.toBe(composed);
    const { passwords } = world.deps;
    for (const [chosen, typed] of [
      [composed, decomposed],
      [decomposed, composed],
    ] as const)
      expect(await passwords.verify(await passwords.hash(chosen), typed)).toBe(true);
    // Its length is what the person sees.
    const facts = { identifier: 'x', names: [], birthDates: [], provisional: null };
    const policy = { PASSWORD_MIN_LENGTH: 8, PASSWORD_MAX_LENGTH: 14 };
    expect(checkPassword(policy, 'éèàùêôîû7éèàùê'.normalize('NFD'), facts)).toEqual([]);
    expect(checkPassword(policy, 'é7èàùêô'.normalize('NFD'), facts)).toEqual(['too-short']);
  });
});
