import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { found, LUCIE } from '../support/family.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/donnees';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let count = 0;

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
  identifier = `d.donnees${count}`;
  visitor = createVisitor(world.app.url);
  await seedActivated(world.deps, { identifier, email: 'connue@example.org', children: [LUCIE] }, CHOSEN);
  await seedActivated(world.deps, { identifier: `${identifier}x`, givenName: 'Zéphyrine' }, CHOSEN);
  await typePassword(visitor, await visitor.get('/'), { identifier });
});

const take = async (format: 'html' | 'json'): Promise<Answer> =>
  visitor.submit(await visitor.get(PAGE), { format });
const account = () => found(world.deps, identifier);

test('as JSON: all that is held of the person, under names that stay', async () => {
  const answer = await take('json');
  expect(answer.headers['content-disposition']).toBe('attachment; filename="mes-donnees-educonnect.json"');
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  const data = JSON.parse(answer.text);
  expect(data).toMatchObject({
    cut: false,
    account: { identifier, kind: 'guardian', state: 'activated', email: `${identifier}@example.org` },
    guardian_records: [{ family_name: 'ZOUMN', email: 'connue@example.org' }],
    pupil_records: [],
    children: [{ given_name: 'Lucie', school: 'E.E.PU-DES TILLEULS' }],
    services: [{ name: 'ENT Exemple' }, { name: 'Livret scolaire' }],
    sessions: [{ services: null }],
    history: [{ event: 'login', outcome: 'done', by: 'person', school: null, ip: '127.0.0.1' }],
  });
});

test('to be read: one page that needs nothing from elsewhere, in the words of the visitor', async () => {
  const { text, headers } = await take('html');
  expect(headers['content-disposition']).toContain('mes-donnees-educonnect.html');
  for (const words of [
    identifier,
    'Représentant légal',
    'Lucie',
    'Activé',
    'Connexion, avec le mot de passe',
  ])
    expect(text).toContain(words);
  expect(text).not.toMatch(/src=|href=|<script|undefined|\[object/);
  await visitor.get('/?lang=en');
  const english = await take('html');
  expect(english.text).toContain('Legal guardian');
});

test.each(['html', 'json'] as const)(
  'no secret, no proof of who one is, nothing of others in %s',
  async (format) => {
    const { passwordHash, publicId } = await account();
    const cookies = visitor.cookies.flatMap(({ value }) => value.split('.'));
    const { text } = await take(format);
    const [pupil] = await world.deps
      .db('pupils as p')
      .join('legal_links as l', 'l.pupil_id', 'p.id')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .where('g.account_id', (await account()).id)
      .select('p.ine');
    const secrets = [
      passwordHash,
      publicId,
      pupil.ine,
      '2017-03-09',
      '9 mars 2017',
      'Zéphyrine',
      'argon2',
      ...cookies,
    ];
    for (const secret of secrets.filter((it) => it !== null && it.length > 3))
      expect(text).not.toContain(secret);
  },
);

test('the pupil has his own record, with what only he may have', async () => {
  const { id } = await account();
  const [pupil] = await world.deps.db('pupils').orderBy('id', 'desc').limit(1);
  await world.deps.db('accounts').where({ id }).update({ kind: 'pupil' });
  await world.deps.db('pupils').where({ id: pupil.id }).update({ account_id: id });
  const data = JSON.parse((await take('json')).text);
  expect(data.pupil_records).toMatchObject([{ ine: pupil.ine }]);
  expect(String(data.pupil_records[0].birth_date)).toContain('2017-03-09');
  expect(data.children).toEqual([]);
});

test('of a passkey: its name and its days, and nothing that it is made of', async () => {
  const { id } = await account();
  const at = new Date('2026-11-02T09:00:00Z');
  await world.deps.db('passkeys').insert({
    public_id: `k${count}`.padEnd(22, 'x'),
    account_id: id,
    credential_hash: `h${count}`.padEnd(43, 'x'),
    credential_id: 'never-told',
    user_handle: 'never-told',
    public_key: 'never-told',
    sign_count: 0,
    transports: 'internal',
    synced: 1,
    name: 'Téléphone',
    created_at: at,
    user_verified_at: at,
  });
  const { text } = await take('json');
  expect(JSON.parse(text).passkeys).toEqual([
    { key_name: 'Téléphone', synced: 1, created_at: at.toISOString(), last_used_at: null },
  ]);
  const page = await take('html');
  expect(page.text).toContain('Sur vos appareils synchronisés');
  expect(text + page.text).not.toContain('never-told');
});

test('in a fixed number of statements, and one line of the trail each time', async () => {
  const form = await visitor.get(PAGE);
  const counted = countStatements(world.deps.db);
  await visitor.submit(form, { format: 'json' });
  counted.stop();
  expect(counted.statements.length).toBeLessThanOrEqual(20);
  await take('html');
  const { id } = await account();
  const lines = await world.deps
    .db('audit_events')
    .where({ account_id: id, event: 'download-data' })
    .pluck('details');
  expect(lines).toEqual(['json', 'readable']);
});

test('asks for a fresh proof, and gives nothing by a link', async () => {
  expect((await visitor.send(PAGE, postOf('format=json'))).status).toBe(403);
  const form = await visitor.get(PAGE);
  world.advance(11 * 60_000);
  const asked = await visitor.submit(form, { format: 'json' });
  expect(asked.text).toContain('Confirmez que c&#39;est bien vous');
  const back = await visitor.submit(asked, { identifier, password: CHOSEN }, '/connexion');
  expect(pathOf(back)).toBe(PAGE);
  expect(JSON.parse((await visitor.submit(back, { format: 'json' })).text).account.identifier).toBe(
    identifier,
  );
});
