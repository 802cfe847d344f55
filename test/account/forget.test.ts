import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Account } from '../../src/accounts/types.ts';
import { retain } from '../../src/jobs/retention.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { columnsWith } from '../support/every-column.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let account: Account;
let count = 0;
const DAY_MS = 86_400_000;
const PASSWORD = 'chaise3verte';

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  visitor = createVisitor(world.app.url);
  account = await seedActivated(world.deps, { identifier: `o.oubli${count}` }, PASSWORD);
  await typePassword(visitor, await visitor.get('/'), { identifier: account.identifier, password: PASSWORD });
});

const row = () => world.deps.db('accounts').where({ id: account.id }).first();
const retention = () =>
  retain(world.deps, { now: world.deps.clock.now(), signal: new AbortController().signal });
const events = () =>
  world.deps.db('audit_events').where({ account_id: account.id }).orderBy('id').pluck('event');

async function mails(): Promise<string[]> {
  const rows = await world.deps.db('outbox_messages').where({ recipient: account.email, state: 'waiting' });
  return rows.map(
    ({ content_sealed, unique_key }) =>
      JSON.parse(world.deps.sealer.open(content_sealed, contentContext(unique_key))).text,
  );
}

const inFrench = (date: Date) =>
  new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'Europe/Paris' }).format(date);

async function ask() {
  const page = await visitor.get('/compte/oublier');
  expect(page.text).toContain('Demander à être oublié');
  return visitor.submit(page, { agreed: 'yes' }, '/compte/oublier/confirmer');
}

test('asked for by one who has ticked the box; he is signed out and told until when he may change his mind', async () => {
  const page = await visitor.get('/compte/oublier');
  const refused = await visitor.submit(page, {}, '/compte/oublier/confirmer');
  expect([refused.status, refused.text.includes('Cochez la case')]).toEqual([400, true]);
  expect((await row()).forget_at).toBeNull();

  const done = await ask();
  const until = new Date(world.deps.clock.now().getTime() + 7 * DAY_MS);
  expect([done.status, pathOf(done)]).toEqual([200, '/compte/oublier/fait']);
  expect(done.text).toContain('Votre demande est enregistrée');
  expect(done.text).toContain(inFrench(until));
  const lateness = (await row()).forget_at - until.getTime();
  expect(Math.abs(lateness)).toBeLessThan(60_000);
  expect((await visitor.get('/')).text).toContain('Je sélectionne mon profil');
  expect(await mails()).toEqual([expect.stringContaining(inFrench(until))]);
  expect((await mails()).join()).not.toMatch(/ZOUMN|Guillaume/);
  expect(await world.deps.db('oidc_sessions').where({ account_id: account.publicId })).toEqual([]);
});

test('signing in before the day withdraws it, and the account is as it was', async () => {
  await ask();
  world.advance(7 * DAY_MS - 60_000);
  const home = await typePassword(visitor, await visitor.get('/'), {
    identifier: account.identifier,
    password: PASSWORD,
  });
  expect(home.text).toContain('Mes informations');
  world.advance(DAY_MS);
  await retention();
  expect(await row()).toMatchObject({ forget_at: null, erased_at: null, identifier: account.identifier });
  expect((await events()).slice(-3)).toEqual(['forget-asked', 'login', 'forget-withdrawn']);
});

test('after the day nothing is left but the directory and the last message; the old way in is no more', async () => {
  await ask();
  world.advance(7 * DAY_MS);
  expect(await retention()).toMatchObject({ outcome: 'done', details: { 'forget-asked': 1 } });
  expect((await mails()).at(-1)).toContain('a été fermé');
  expect(await columnsWith(world.deps.db, [account.identifier, `${account.identifier}@example.org`])).toEqual(
    // What waits to be sent, for at most three days.
    ['outbox_messages.recipient'],
  );
  const refused = await typePassword(visitor, await visitor.get('/'), {
    identifier: account.identifier,
    password: PASSWORD,
  });
  expect(refused.status).toBe(400);
});

test('of the login and the erasure of the same moment one counts, and nobody is half erased', async () => {
  await ask();
  world.advance(7 * DAY_MS);
  const start = await visitor.get('/');
  const [, , answer] = await Promise.all([
    retention(),
    retention(),
    typePassword(visitor, start, { identifier: account.identifier, password: PASSWORD }),
  ]);
  expect(answer.status).toBeLessThan(500);
  const after = await row();
  if (after.erased_at === null) expect(after).toMatchObject({ forget_at: null, password_kind: 'personal' });
  else expect(after).toMatchObject({ given_name: '', password_kind: 'none', last_login_at: null });
});
