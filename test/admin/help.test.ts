import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import scanner from 'jsqr';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { readPdf } from '../messages/read-pdf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';

// Its types tell of another kind of module than it is.
const jsQR = scanner as unknown as typeof scanner.default;

let database: TestDatabase;
let world: StaffWorld;
let director: Visitor;
let head: Visitor;
const at = (school: 'one' | 'college') => `/admin/etablissements/${STAFF_SCHOOLS[school].uai}`;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { env: { ASSISTANCE_URL: 'https://assistance.example.org/' } });
  director = createVisitor(world.app.url);
  await signInStaff(world, director, 'directeur');
  head = createVisitor(world.app.url);
  await signInStaff(world, head, 'principal');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

/** The bytes of a download, with the cookies of the visitor. */
async function download(visitor: Visitor, path: string): Promise<{ response: Response; bytes: Buffer }> {
  const cookie = visitor.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const response = await fetch(new URL(path, world.app.url), { headers: { cookie }, redirect: 'manual' });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('the usual cases (R-150 to R-157)', () => {
  test('all of them, and each of their links leads to a page that is there', async () => {
    const page = await director.get(`${at('one')}/aide`);
    expect(page.status).toBe(200);
    for (const title of [
      'Perte du lien vers le guichet',
      'Perte de son identifiant',
      'Perte de son mot de passe (non encore changé)',
      'Perte de son mot de passe (déjà changé)',
      'Perte du lien d&#39;activation',
      'Changement d&#39;adresse mail',
      'Refus de la date de naissance de son enfant',
      'Numéro de mobile non reconnu (SMS)',
      'Numéro de mobile non reconnu (FranceConnect)',
      'L&#39;année scolaire, pas à pas',
    ])
      expect(page.text).toContain(title);
    expect(page.text).toContain('ONDE');
    expect(page.text).toContain('href="https://assistance.example.org/"');
    const hrefs = [...page.text.matchAll(/href="(\/admin[^"]*)"/g)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    expect(hrefs.some((href) => href.endsWith('/responsables?q=&state=not_notified&email=with'))).toBe(true);
    for (const href of new Set(hrefs))
      expect({ href, status: (await director.send(href)).status }).toEqual({ href, status: 200 });
  });

  test('in the second degree with its words', async () => {
    const page = await head.get(`${at('college')}/aide`);
    expect(page.text).toContain('SIECLE');
    expect(page.text).not.toContain('ONDE');
  });

  test('« Accueil » and the header lead there', async () => {
    const home = await director.get('/admin');
    for (const path of [
      `${at('one')}/aide`,
      `${at('one')}/aide/message`,
      `${at('one')}/depliant.pdf`,
      '/admin/guide.pdf',
    ])
      expect(home.text).toContain(`href="${path}"`);
    expect(home.text).toContain('Guide complet');
  });
});

describe('the message and the flyer for families (R-134)', () => {
  test('the message, to copy and as a file', async () => {
    const page = await director.get(`${at('one')}/aide/message`);
    const words = 'L&#39;école E.E.PU-DES TILLEULS vous invite';
    expect(page.text).toContain(words);
    const file = await director.send(`${at('one')}/aide/message.txt`);
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(file.text).toMatch(/^\ufeffObjet : Votre compte EduConnect .*\r\n\r\nBonjour,\r\n/);
    expect(file.text).toContain("L'école E.E.PU-DES TILLEULS vous invite");
    expect(file.text).toContain(`${world.base}/aide/connexion`);
    expect(file.text).toMatch(/Le directeur d'école\r\n$/);
    const other = await head.send(`${at('college')}/aide/message.txt`);
    expect(other.text).toMatch(/Le chef d'établissement\r\n$/);
    expect(other.text).not.toMatch(/&#|école\b.*vous invite/);
  });

  test.each([
    ['one', 'Avec les codes remis par l’école'],
    ['college', 'Avec les codes remis par l’établissement'],
  ] as const)(
    'the flyer of %s: one page, the three ways, a code that opens the help',
    async (school, third) => {
      const { response, bytes } = await download(
        school === 'one' ? director : head,
        `${at(school)}/depliant.pdf`,
      );
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
      const { pages, marked, lang } = await readPdf(bytes);
      expect([pages.length, marked, lang]).toEqual([1, true, 'fr-FR']);
      const [page] = pages;
      for (const words of ['Avec FranceConnect', 'Par SMS', third.replace('’', "'")])
        expect(page?.text).toContain(words);
      expect(page?.text).toContain(STAFF_SCHOOLS[school].name.replace('-ac-TOULOUSE', ''));
      expect(page?.roles).toContain('Figure');
      const { data, size } = page?.code ?? { data: new Uint8ClampedArray(), size: 0 };
      expect(jsQR(data, size, size)?.data).toBe(`${world.base}/aide/connexion`);
    },
  );
});

describe('« Guide complet » (R-093)', () => {
  test('a tagged PDF with contents that tell the right pages', async () => {
    const { response, bytes } = await download(director, '/admin/guide.pdf');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="Educonnect-Guide-Complet.pdf"',
    );
    const { pages, marked, title } = await readPdf(bytes, { codes: false });
    expect(marked).toBe(true);
    expect(title).toBe('EduConnect - Administration des comptes - Guide complet');
    expect(pages.length).toBeGreaterThanOrEqual(10);
    expect(pages.length).toBeLessThanOrEqual(20);
    const contents = pages
      .filter(({ roles }) => roles.includes('TOC'))
      .map(({ text }) => text)
      .join(' ');
    const chapters = [...contents.matchAll(/(\d+\. \D+?) (\d+) /g)].map(([, name = '', page]) => ({
      name,
      page: Number(page),
    }));
    expect(chapters.length).toBeGreaterThan(10);
    for (const { name, page } of chapters)
      expect({ name, there: pages[page - 1]?.text.includes(name) }).toEqual({ name, there: true });
    for (const [index, { text }] of pages.entries())
      if (index > 0) expect(text).toContain(`Page ${index + 1}`);
    for (const words of ['« Familles en difficulté »', 'Les cas les plus courants', 'SIECLE', 'ONDE'])
      expect(
        pages.some(({ text }) =>
          text.replaceAll('\u00a0', ' ').includes(words.replace(/[«»] ?/g, '').trim()),
        ),
      ).toBe(true);
  });

  test('of another address, where the configuration names one', async () => {
    const own = await createTestDatabase();
    const other = await startStaffWorld(own, { env: { STAFF_GUIDE_URL: 'https://guide.example.org/' } });
    const visitor = createVisitor(other.app.url);
    const home = await signInStaff(other, visitor, 'directeur');
    expect(home.text).toContain('href="https://guide.example.org/"');
    const answer = await visitor.send('/admin/guide.pdf');
    expect([answer.status, answer.headers.location]).toEqual([303, 'https://guide.example.org/']);
    await other.close();
    await own.drop();
  });

  test('is for the staff alone', async () => {
    expect(ADMIN_ROUTES.find(({ path }) => path === '/admin/guide.pdf')?.needs).toBe('session');
    expect((await createVisitor(world.app.url).send('/admin/guide.pdf')).status).toBe(303);
  });
});
