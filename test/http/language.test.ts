import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';

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
beforeEach(() => {
  count += 1;
  identifier = `l.langue${count}`;
  visitor = createVisitor(world.app.url);
});

const languageOf = ({ text }: Answer) => /<html lang="(\w+)" dir="(\w+)"/.exec(text)?.slice(1).join(' ');
const linksOf = ({ text }: Answer) =>
  [...text.matchAll(/hreflang="(\w+)" href="([^"]*)"/g)].map(([, lang = '', href = '']) => [
    lang,
    href.replaceAll('&#38;', '&').replaceAll('&amp;', '&'),
  ]);
const speaking = (header: string) => createVisitor(world.app.url, { headers: { 'accept-language': header } });

/** From the service to the guardians' form. */
async function toForm(who = visitor, extra = ''): Promise<Answer> {
  const start = await who.get(authorizePath(world.ent) + extra);
  const path = /^\/interaction\/[^/]+/.exec(new URL(start.url).pathname)?.[0] ?? 'nowhere';
  return who.get(`${path}/connexion?profil=responsable`);
}
const signIn = (form: Answer, who = visitor, password = CHOSEN) =>
  who.submit(form, { identifier, password }, '/connexion');

describe('who says the language', () => {
  test('nobody: French, with the other languages one link away', async () => {
    const page = await visitor.get('/aide');
    expect(languageOf(page)).toBe('fr ltr');
    expect(page.headers['content-language']).toBe('fr');
    expect(linksOf(page)).toEqual([
      ['fr', '?lang=fr'],
      ['en', '?lang=en'],
      ['ar', '?lang=ar'],
      ['tr', '?lang=tr'],
    ]);
    expect(visitor.setCookies).toEqual([]);
  });

  test.each([
    ['ar-MA,ar;q=0.9,fr;q=0.8', 'ar rtl'],
    ['tr', 'tr ltr'],
    ['de,tr;q=0.5', 'tr ltr'],
    ['fr-FR,ar;q=0.5', 'fr ltr'],
    // Browsers come in English: their owner is asked, not guessed (src/http/language.ts).
    ['en-US,en;q=0.9', 'fr ltr'],
    ['xx', 'fr ltr'],
    [';;;q=', 'fr ltr'],
  ])('the browser (%s)', async (header, expected) => {
    expect(languageOf(await speaking(header).get('/aide'))).toBe(expected);
  });

  test('a link of the page, and then the cookie that it leaves, over the browser', async () => {
    const turk = speaking('tr');
    expect(languageOf(await turk.get('/aide?lang=en'))).toBe('en ltr');
    expect(languageOf(await turk.get('/mentions-legales'))).toBe('en ltr');
    const [line = ''] = turk.setCookies;
    expect(line).toMatch(/^educonnect_language=en\.\d+; .*path=\/; .*samesite=lax; httponly/i);
  });

  test('the service, over the browser and under the visitor', async () => {
    expect(languageOf(await toForm(visitor, '&ui_locales=de%20ar-DZ%20tr'))).toBe('ar rtl');
    expect(languageOf(await toForm(speaking('tr'), '&ui_locales=en'))).toBe('en ltr');
    await visitor.get('/aide?lang=tr');
    expect(languageOf(await toForm(visitor, '&ui_locales=ar'))).toBe('tr ltr');
    const refused = await visitor.get('/oidc/auth?client_id=nobody&ui_locales=ar');
    expect([refused.status, languageOf(refused)]).toEqual([400, 'tr ltr']);
    const other = createVisitor(world.app.url);
    expect(languageOf(await other.get('/oidc/auth?client_id=nobody&ui_locales=ar'))).toBe('ar rtl');
  });

  test('the QR code of a letter: the login page in its language, the identifier filled in', async () => {
    const page = await visitor.get(`/connexion?identifiant=${identifier}&lang=ar`);
    expect(languageOf(page)).toBe('ar rtl');
    expect(page.text).toContain(`value="${identifier}"`);
  });

  test.each(['xx', 'FR', 'ar%00', '../ar', '<script>', 'ar&lang=tr', '', 'constructor', 'a'.repeat(3000)])(
    'a hostile value is nobody: %s',
    async (value) => {
      const page = await visitor.get(`/aide?lang=${value}`);
      expect(languageOf(page) ?? 'fr ltr').toBe('fr ltr');
      expect(visitor.setCookies).toEqual([]);
      expect(page.text).not.toContain('<script>');
    },
  );

  test('a cookie that we have not written is nobody', async () => {
    visitor.cookies.push({ name: 'educonnect_language', value: 'ar.1', path: '/' });
    expect(languageOf(await visitor.get('/aide'))).toBe('fr ltr');
  });

  test('pages of errors too; those of the staff stay French', async () => {
    const lost = await visitor.get('/nulle-part?lang=tr');
    expect([lost.status, languageOf(lost)]).toEqual([404, 'tr ltr']);
    expect(lost.text).toContain('Sayfa bulunamadı');
    for (const path of ['/admin?lang=ar', '/admin/nulle-part?lang=ar', '/admin/depannage?lang=ar']) {
      const staff = await visitor.get(path);
      expect(languageOf(staff)).toBe('fr ltr');
      expect(linksOf(staff)).toEqual([]);
    }
    expect(languageOf(await visitor.get('/aide'))).toBe('tr ltr');
  });
});

describe('the links', () => {
  test('keep the page and its query, and can lead nowhere else', async () => {
    const form = await toForm();
    expect(linksOf(form)[2]).toEqual(['ar', '?profil=responsable&lang=ar']);
    const odd = await visitor.get(`${world.app.url}//evil.example/%2f?next=https://evil.example&lang=en`);
    expect(linksOf(odd)).toHaveLength(4);
    for (const [, href] of linksOf(odd)) expect(href).toMatch(/^\?/);
  });

  test('in the middle of the first connection: the place is kept, a refused form included', async () => {
    await seedFamily(world.deps, { identifier, provisional: PROVISIONAL });
    const password = await signIn(await toForm(), visitor, PROVISIONAL);
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    expect(new URL(address.url).pathname).toMatch(/\/adresse$/);
    const refused = await visitor.submit(address, { email: 'nobody' });
    expect(refused.status).toBe(400);
    const [, , [, href = ''] = []] = linksOf(refused);
    const arabic = await visitor.get(new URL(href, refused.url).pathname + href);
    expect([arabic.status, languageOf(arabic)]).toEqual([200, 'ar rtl']);
    const birth = await visitor.submit(arabic, { email: 'parent@example.org' });
    expect(birth.text).toContain('أكّد تاريخ ميلاد ابنك');
  });

  test('where a refused form was sent to there is a page to go back to', async () => {
    const form = await toForm();
    const start = /^\/interaction\/[^/]+/.exec(new URL(form.url).pathname)?.[0] ?? '';
    for (const sent of ['activation/adresse', 'activation/renvoyer', 'code/renvoyer'])
      expect((await visitor.get(`${start}/${sent}?lang=tr`)).status).toBe(200);
  });
});

describe('what the account keeps', () => {
  const kept = async () => (await found(world.deps, identifier)).language;

  test('what was chosen in the mire, at the end of the sign-in', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const form = await toForm();
    await visitor.get(new URL(form.url).pathname + (linksOf(form)[2]?.[1] ?? ''));
    await signIn(form);
    expect(await kept()).toBe('ar');
  });

  test('nothing that was only guessed', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    const turk = speaking('tr');
    await signIn(await toForm(turk, '&ui_locales=en'), turk);
    expect(await kept()).toBeNull();
  });

  test('not what somebody else chose long ago in this browser', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await visitor.get('/aide?lang=tr');
    await signIn(await toForm());
    expect(await kept()).toBe('tr');
    await world.deps.db('accounts').where({ identifier }).update({ language: 'ar' });
    world.advance(2 * 3_600_000);
    await signIn(await toForm());
    expect(await kept()).toBe('ar');
  });

  test('what is chosen at « Mon compte », where it counts in another browser', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await visitor.get('/');
    await signIn(await toForm());
    const home = await visitor.get('/');
    expect([home.status, languageOf(home)]).toEqual([200, 'fr ltr']);
    const page = await visitor.get('/compte/langue?lang=tr');
    expect(page.text).toContain('Seçiminiz kaydedildi');
    expect(await kept()).toBe('tr');

    const elsewhere = speaking('ar');
    await elsewhere.get('/');
    await signIn(await toForm(elsewhere), elsewhere);
    expect(languageOf(await elsewhere.get('/'))).toBe('tr ltr');
  });
});
