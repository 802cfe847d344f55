import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deviceOf } from '../../src/http/device.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import {
  isRefreshed,
  isSignedIn,
  type KeepingService,
  keepSignedIn,
  startKeepingService,
} from '../support/keeping-service.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/sessions';
const MINUTE_MS = 60_000;
const PHONE = 'Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0';
const LAPTOP =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15';

let database: TestDatabase;
let world: TestWorld;
let app: KeepingService;
let here: Visitor;
let there: Visitor;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  app = await startKeepingService(world.deps);
});
afterAll(async () => {
  await app?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `s.session${count}`;
  app.told.length = 0;
  await seedActivated(world.deps, { identifier }, CHOSEN);
  here = createVisitor(world.app.url, { headers: { 'user-agent': LAPTOP } });
  there = createVisitor(world.app.url, { headers: { 'user-agent': PHONE } });
  for (const visitor of [here, there]) await signIn(visitor);
});

const signIn = async (visitor: Visitor, who = identifier) =>
  typePassword(visitor, await visitor.get('/'), { identifier: who });
const isHome = (answer: Answer) => pathOf(answer) === '/' && answer.text.includes('Mes informations');
const sectionsOf = ({ text }: Answer) =>
  Array.from(text.matchAll(/<section[^>]*aria-labelledby="session-(.*?)<\/section>/gs), ([, inner = '']) =>
    inner
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .replaceAll('&#39;', "'"),
  );
const events = async () =>
  world.deps
    .db('audit_events')
    .where({ account_id: (await found(world.deps, identifier)).id })
    .whereNot({ event: 'login' })
    .orderBy('id')
    .pluck('event');

test('shows where one is signed in: this one first, device, way, services; nothing of others, no identifier of a session', async () => {
  await signIn(createVisitor(world.app.url), identifier);
  const other = `${identifier}b`;
  await seedActivated(world.deps, { identifier: other }, CHOSEN);
  await signIn(createVisitor(world.app.url), other);
  await keepSignedIn(world, there, app);
  const sections = sectionsOf(await here.get(PAGE));
  expect(sections).toHaveLength(3);
  expect(sections[0]).toContain('Safari, Mac');
  expect(sections[0]).toContain('(celui-ci)');
  expect(sections[0]).not.toContain('Déconnecter cet appareil');
  const phone = sections.find((text) => text.includes('Firefox, Android'));
  expect(phone).toContain('avec le mot de passe');
  expect(phone).toContain('Appli des parents');
  expect(sections.join()).toContain('Appareil non reconnu');
  const rows = await world.deps.db('oidc_sessions').whereNotNull('device').pluck('device');
  for (const device of rows) expect(device.length).toBeLessThanOrEqual(40);
});

test.each(['sessions', 'adresse', 'cles', 'franceconnect'])(
  'a notice that nobody has written is none, on the page of %s',
  async (page) => {
    for (const notice of ['constructor', '__proto__', 'toString'])
      expect((await here.get(`/compte/${page}?avis=${notice}`)).status).toBe(200);
  },
);

test('one is ended with what its services were given, they are told; the others go on', async () => {
  const kept = await keepSignedIn(world, there, app);
  const mine = await keepSignedIn(world, here, app);
  const page = await here.get(PAGE);
  const answer = await here.submit(page, {}, '/fermer');
  expect(answer.text).toContain('L&#39;appareil est déconnecté');
  expect(app.told).toEqual([kept.sid]);
  expect(await isRefreshed(world, app, kept.refreshToken)).toBe(false);
  expect(await isSignedIn(there, app)).toBe(false);
  expect(isHome(await there.get('/'))).toBe(false);
  expect(await isRefreshed(world, app, mine.refreshToken)).toBe(true);
  expect(isHome(await here.get('/'))).toBe(true);
  const again = await here.submit(page, {}, '/fermer');
  expect(again.text).toContain('déjà déconnecté');
  expect(await events()).toEqual(['end-session']);
});

test("another person's is not ended, and not told apart from one that is over", async () => {
  const other = `${identifier}b`;
  await seedActivated(world.deps, { identifier: other }, CHOSEN);
  const stranger = createVisitor(world.app.url);
  await signIn(stranger, other);
  const { publicId } = await found(world.deps, other);
  const [uid] = await world.deps.db('oidc_sessions').where({ account_id: publicId }).pluck('uid');
  const form = readForm(await here.get(PAGE), '/fermer');
  for (const session of [uid, 'unknown', '']) {
    const body = new URLSearchParams({ ...form.hidden, session }).toString();
    const answer = await here.send(form.action, postOf(body));
    expect(answer.headers.location).toBe(`${PAGE}?avis=deja`);
  }
  expect(isHome(await stranger.get('/'))).toBe(true);
});

test('all others at once, with refresh tokens and sign-ins under way; told by mail; twice does it once', async () => {
  const third = createVisitor(world.app.url);
  const waiting = await third.get('/');
  const kept = await keepSignedIn(world, there, app);
  const mine = await keepSignedIn(world, here, app);
  const page = await here.get(PAGE);
  const answers = await Promise.all([
    here.submit(page, { which: 'others' }, '/toutes'),
    here.submit(page, { which: 'others' }, '/toutes'),
  ]);
  for (const answer of answers) expect(answer.text).toContain('Tous les autres appareils sont déconnectés');
  expect(app.told).toEqual([kept.sid]);
  for (const { refreshToken } of [kept, mine])
    expect(await isRefreshed(world, app, refreshToken)).toBe(false);
  expect(isHome(await there.get('/'))).toBe(false);
  expect(isHome(await here.get('/'))).toBe(true);
  expect(await isSignedIn(here, app)).toBe(true);
  expect(sectionsOf(await here.get(PAGE))).toHaveLength(1);
  // His password is as it was.
  expect(isHome(await typePassword(third, waiting, { identifier }))).toBe(true);
  expect(await events()).toEqual(['end-sessions']);
  await sendDue(world.deps, { limit: 100 });
  const mails = world.deps.mailer.sent.filter((mail) => mail.to === `${identifier}@example.org`);
  expect(mails.map((mail) => mail.subject)).toEqual(['EduConnect - Vos appareils ont été déconnectés']);
});

test('everywhere: this one too', async () => {
  const kept = await keepSignedIn(world, there, app);
  const mine = await keepSignedIn(world, here, app);
  const out = await here.submit(await here.get(PAGE), { which: 'all' }, '/toutes');
  expect(pathOf(out)).toBe('/compte/deconnecte');
  expect([...app.told].sort()).toEqual([kept.sid, mine.sid].sort());
  for (const visitor of [here, there]) expect(isHome(await visitor.get('/'))).toBe(false);
  const { publicId } = await found(world.deps, identifier);
  expect(await world.deps.db('oidc_sessions').where({ account_id: publicId })).toEqual([]);
});

describe('the proof', () => {
  test('that has run out: nothing is ended until it is given again', async () => {
    const page = await here.get(PAGE);
    world.advance(11 * MINUTE_MS);
    const asked = await here.submit(page, { which: 'others' }, '/toutes');
    expect(asked.text).toContain('Confirmez que c&#39;est bien vous');
    expect(isHome(await there.get('/'))).toBe(true);
    const back = await here.submit(asked, { identifier, password: CHOSEN }, '/connexion');
    expect([pathOf(back), back.text.includes('Rien n&#39;a encore été fait')]).toEqual([PAGE, true]);
    await here.submit(back, { which: 'others' }, '/toutes');
    expect(isHome(await there.get('/'))).toBe(false);
  });

  test('leaves when the session began', async () => {
    const { publicId } = await found(world.deps, identifier);
    const begun = () =>
      world.deps.db('oidc_sessions').where({ account_id: publicId, device: 'Safari, Mac' }).pluck('begun_at');
    const before = await begun();
    world.advance(11 * MINUTE_MS);
    const asked = await here.get('/compte/mot-de-passe');
    await here.submit(asked, { identifier, password: CHOSEN }, '/connexion');
    expect(await begun()).toEqual(before);
  });
});

test.each([
  [PHONE, 'Firefox, Android'],
  [LAPTOP, 'Safari, Mac'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0',
    'Edge, Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605 Version/17.6 Mobile/15E148 Safari/604.1',
    'Safari, iPhone',
  ],
  ['Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36', 'Chrome, ChromeOS'],
  ['curl/8.5.0', null],
  ['<script>alert(1)</script>', null],
  [undefined, null],
])('%s is kept as %s', (userAgent, device) => {
  expect(deviceOf(userAgent)).toBe(device);
});

test('a form that has stood open since the last time ends whoever has signed in since', async () => {
  const stale = await here.get(PAGE);
  await here.submit(await here.get(PAGE), { which: 'others' }, '/toutes');
  await signIn(there);
  expect(isHome(await there.get('/'))).toBe(true);
  await here.submit(stale, { which: 'others' }, '/toutes');
  expect(isHome(await there.get('/'))).toBe(false);
  expect(isHome(await here.get('/'))).toBe(true);
  // Twice the same form: once.
  const before = await events();
  await here.submit(stale, { which: 'others' }, '/toutes');
  expect(await events()).toEqual(before);
});
