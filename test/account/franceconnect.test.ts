import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { linkFranceConnect } from '../../src/accounts/regroup.ts';
import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { removePasskey } from '../../src/credentials/passkeys.ts';
import { waysOf } from '../../src/credentials/ways.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import type { FranceConnect } from '../../src/deps.ts';
import { linkInSession, unlinkFranceConnect } from '../../src/enrolment/franceconnect-link.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/franceconnect';
const ISSUER = 'https://franceconnect.example.test/api/v2';
const NOBODY = { ip: '192.0.2.7' };
const nothing = async () => {};

/** FranceConnect, where the code that comes back is who somebody is. */
const franceConnect: FranceConnect = {
  begin: async ({ state, nonce }) => ({ ok: true, url: `${ISSUER}/authorize?state=${state}&nonce=${nonce}` }),
  finish: async ({ callbackUrl }) => {
    const sub = new URL(callbackUrl).searchParams.get('code');
    if (sub === null) return { ok: false, reason: 'cancelled', detail: 'access_denied' };
    const names = { givenName: null, familyName: null, preferredName: null };
    return { ok: true, identity: { issuer: ISSUER, sub, ...names }, idToken: 'id-token' };
  },
  endSessionUrl: async ({ state }) => `${ISSUER}/session/end?state=${state}`,
};

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { franceConnect, sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `f.relie${count}`;
  visitor = createVisitor(world.app.url);
});

const account = (): Promise<Account> => found(world.deps, identifier);
const links = async () =>
  world.deps
    .db('account_franceconnect')
    .where({ account_id: (await account()).id })
    .pluck('sub');
const events = async () =>
  world.deps
    .db('audit_events')
    .where({ account_id: (await account()).id })
    .orderBy('id')
    .pluck('event');

async function signIn(who: Visitor): Promise<Answer> {
  return typePassword(who, await who.get('/'), { identifier });
}

/** Signed in, at the page. */
async function atPage(changes: Partial<Account> = {}): Promise<Answer> {
  const { id } = await seedActivated(world.deps, { identifier }, CHOSEN);
  await updateAccount(world.deps.db, id, changes, new Date());
  await signIn(visitor);
  return visitor.get(PAGE);
}

/** Presses the button; @returns what FranceConnect is told to bring back */
async function leave(page: Answer): Promise<string> {
  const gone = await visitor.submit(page, {}, '/relier');
  return new URL(gone.headers.location ?? '').searchParams.get('state') ?? '';
}

const comeBack = (state: string, sub: string, who = visitor) =>
  who.get(`/franceconnect/retour?code=${sub}&state=${state}&iss=${ISSUER}`);

async function link(id: number, sub: string): Promise<void> {
  await inTransaction(world.deps.db, (trx) =>
    linkFranceConnect(trx, id, { issuer: ISSUER, sub }, new Date()),
  );
}

async function addKey(accountId: number, name = 'k'): Promise<string> {
  const publicId = `${name}${accountId}`.padEnd(22, 'x').slice(0, 22);
  await database.db('passkeys').insert({
    public_id: publicId,
    account_id: accountId,
    credential_hash: publicId.padEnd(43, 'y'),
    credential_id: publicId,
    user_handle: 'handle',
    public_key: 'key',
    sign_count: 0,
    transports: '',
    synced: 0,
    name,
    created_at: new Date(),
    user_verified_at: new Date(),
  });
  return publicId;
}

describe('linked from inside', () => {
  test('this session goes on, the others and whatever was pending are over, the holder is told', async () => {
    const page = await atPage();
    const elsewhere = createVisitor(world.app.url);
    await signIn(elsewhere);
    const before = await account();
    const done = await comeBack(await leave(page), 'claire');
    expect([pathOf(done), done.text.includes('maintenant relié')]).toEqual([PAGE, true]);
    expect(await links()).toEqual(['claire']);
    expect(await account()).toMatchObject({
      origin: before.origin,
      state: 'activated',
      passwordKind: 'personal',
    });
    expect(pathOf(await elsewhere.get('/'))).not.toBe('/');
    await sendDue(world.deps, { limit: 100 });
    const mail = world.deps.mailer.sent.filter(({ to }) => to === before.email).at(-1);
    expect(mail?.text).toMatch(/FranceConnect a été relié[\s\S]*ce-n-est-pas-moi/);
    expect(await events()).toContain('franceconnect-linked');
    // Open at FranceConnect too now, it is ended there with the session.
    const home = await visitor.get('/');
    const out = await visitor.submit(home, {}, '/compte/deconnexion');
    expect(out.headers.location ?? '').toContain('/session/end');
  });

  test('what comes back is for this browser and this session, once', async () => {
    const page = await atPage();
    const state = await leave(page);
    const thief = createVisitor(world.app.url);
    expect((await comeBack(state, 'voleur', thief)).status).toBe(400);
    expect(await links()).toEqual([]);
    // The person signs out before FranceConnect answers: somebody else's session takes nothing over.
    await visitor.submit(await visitor.get('/'), {}, '/compte/deconnexion');
    const other = identifier;
    identifier = `${other}.bis`;
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(visitor);
    const answer = await comeBack(state, 'claire-bis');
    expect(answer.text).not.toContain('maintenant relié');
    expect(await links()).toEqual([]);
    identifier = other;
    expect(await links()).toEqual([]);
    expect((await comeBack('inconnu', 'x')).status).toBe(400);
  });

  test('come back twenty times at once: linked once', async () => {
    const state = await leave(await atPage());
    const answers = await Promise.all(Array.from({ length: 20 }, () => comeBack(state, `vingt${count}`)));
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    await visitor.get(`${PAGE}/arrivee`);
    expect(await links()).toEqual([`vingt${count}`]);
    expect((await events()).filter((event) => event === 'franceconnect-linked')).toHaveLength(1);
  });

  test('a person who opens another account is refused, with the way to « Rattacher un enfant »', async () => {
    const other = await seedActivated(world.deps, { identifier: `autre${count}` }, CHOSEN);
    await link(other.id, `prise${count}`);
    const answer = await comeBack(await leave(await atPage()), `prise${count}`);
    expect([answer.status, answer.text.includes('ouvre déjà un autre compte')]).toEqual([400, true]);
    expect(answer.text).toContain('href="/compte/rattacher"');
    expect(await links()).toEqual([]);
  });

  test('two accounts linked to one person at once: one of them', async () => {
    const two = [
      await seedActivated(world.deps, { identifier: `un${count}` }, CHOSEN),
      await seedActivated(world.deps, { identifier: `deux${count}` }, CHOSEN),
    ];
    const names = { givenName: null, familyName: null, preferredName: null };
    const identity = { issuer: ISSUER, sub: `double${count}`, ...names };
    const results = await Promise.all(
      two.map((each) => linkInSession(world.deps, { account: each, identity, ...NOBODY }, nothing)),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results).toContainEqual({ ok: false, reason: 'elsewhere' });
  });

  test('given up, already linked, and no page at all for a pupil', async () => {
    const state = await leave(await atPage());
    const cancelled = await visitor.get(
      `/franceconnect/retour?error=access_denied&state=${state}&iss=${ISSUER}`,
    );
    expect(cancelled.text).toContain('Vous avez quitté FranceConnect');
    const second = await leave(await visitor.get(PAGE));
    await link((await account()).id, `deja${count}`);
    expect((await comeBack(second, 'encore')).text).toContain('déjà relié');
    await database.db('accounts').where({ identifier }).update({ kind: 'pupil' });
    expect((await visitor.get(PAGE)).status).toBe(404);
  });
});

describe('taken away', () => {
  test('with a password left: gone, told, other sessions over', async () => {
    const page = await atPage();
    await comeBack(await leave(page), `retire${count}`);
    const elsewhere = createVisitor(world.app.url);
    await signIn(elsewhere);
    const done = await visitor.submit(await visitor.get(PAGE), {}, '/retirer');
    expect(done.text).toContain('plus relié');
    expect(await links()).toEqual([]);
    expect(pathOf(await elsewhere.get('/'))).not.toBe('/');
    await sendDue(world.deps, { limit: 100 });
    const mail = world.deps.mailer.sent.filter(({ to }) => to === `${identifier}@example.org`).at(-1);
    expect(mail?.subject).toContain('plus relié');
  });

  test('never the last way in: a password is offered first', async () => {
    const page = await atPage();
    await comeBack(await leave(page), `seule${count}`);
    const { id } = await account();
    await database.db('accounts').where({ id }).update({ password_kind: 'none', password_hash: null });
    const refused = await visitor.submit(await visitor.get(PAGE), {}, '/retirer');
    expect([refused.status, refused.text.includes('seule façon')]).toEqual([400, true]);
    expect(refused.text).toContain('href="/compte/mot-de-passe"');
    expect(await links()).toEqual([`seule${count}`]);
  });

  test('while the last key is removed, many times over: a way in is always left', async () => {
    for (let round = 0; round < 15; round += 1) {
      identifier = `course${count}.${round}`;
      const { id } = await seedActivated(world.deps, { identifier }, CHOSEN);
      await database.db('accounts').where({ id }).update({ password_kind: 'none', password_hash: null });
      await link(id, identifier);
      const publicId = await addKey(id);
      const session = await account();
      const [unlinked, removed] = await Promise.all([
        unlinkFranceConnect(world.deps, { account: session, ...NOBODY }, nothing),
        removePasskey(world.deps, { account: session, publicId, ...NOBODY }, nothing),
      ]);
      expect([unlinked.ok, removed.ok].filter(Boolean)).toHaveLength(1);
      expect(await waysOf(world.deps, await account())).toHaveLength(1);
    }
  });

  test('of two keys and no other way, one stays', async () => {
    const { id } = await seedActivated(world.deps, { identifier }, CHOSEN);
    await database.db('accounts').where({ id }).update({ password_kind: 'none', password_hash: null });
    const keys = [await addKey(id, 'a'), await addKey(id, 'b')];
    const remove = async (publicId: string) =>
      removePasskey(world.deps, { account: await account(), publicId, ...NOBODY }, nothing);
    const results = await Promise.all(keys.map(remove));
    expect(results.filter(({ ok }) => ok).length).toBe(1);
    expect(await remove(results[0]?.ok ? (keys[1] ?? '') : (keys[0] ?? ''))).toEqual({
      ok: false,
      reason: 'last-way',
    });
  });
});

describe('a proof by FranceConnect', () => {
  /** The page to prove who one is, of somebody whose sign-in was long ago. */
  async function asked(): Promise<Answer> {
    const { id } = await seedActivated(world.deps, { identifier }, CHOSEN);
    await signIn(visitor);
    await database
      .db('account_sessions')
      .where({ account_id: (await account()).publicId })
      .update({
        proved_at: new Date(Date.now() - 11 * 60_000),
      });
    await link(id, `${identifier}-sub`);
    return visitor.get(PAGE);
  }
  const departed = async (page: Answer): Promise<string> => {
    const gone = await visitor.submit(page, {}, '/franceconnect');
    return new URL(gone.headers.location ?? '').searchParams.get('state') ?? '';
  };

  test('of its holder comes to the page, and is told as a proof', async () => {
    const back = await comeBack(await departed(await asked()), `${identifier}-sub`);
    expect([back.status, pathOf(back)]).toEqual([200, PAGE]);
    expect((await events()).slice(-1)).toEqual(['proof']);
    expect((await visitor.get('/compte/historique')).text).toContain('Identité confirmée');
  });

  test('of somebody whom it opens no account for is refused: he is not led to open one', async () => {
    const back = await comeBack(await departed(await asked()), `${identifier}-stranger`);
    expect([back.status, back.text.includes('Ce n&#39;est pas le compte attendu')]).toEqual([400, true]);
    expect(await database.db('enrolments').where({ fc_sub: `${identifier}-stranger` })).toEqual([]);
    const home = await visitor.get('/');
    expect(home.text).toContain('Mes informations');
  });
});
