import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { verifyCredentials } from '../../src/credentials/verify.ts';
import { proveBirthDate } from '../../src/enrolment/birth-date.ts';
import { chooseNewPassword } from '../../src/enrolment/new-password.ts';
import { startFirstConnection } from '../../src/enrolment/progress.ts';
import { makeAllLetters } from '../../src/jobs/send-messages.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { readPdf } from '../messages/read-pdf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** Pupils' accounts of a collège, for its head (R-169) and for whoever troubleshoots (R-172). */

let database: TestDatabase;
let world: StaffWorld;
let deps: TestDeps;
let head: Visitor;
let helper: Visitor;

const { uai } = STAFF_SCHOOLS.college;
const AT = `/admin/etablissements/${uai}/eleves`;
const HELP = `/admin/depannage/etablissements/${uai}/eleves`;
const sixth: [string, string] = ['10010012110', '6EME'];
const third: [string, string] = ['10310019110', '3EME'];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { env: { TROUBLESHOOTING_PUPILS_PER_HOUR: '2' } });
  deps = world.app.deps;
  await seedSchool(deps, uai, {
    guardians: [
      { givenName: 'Guillaume', familyName: 'PARENT', identifier: 'g.parent', as: 'notified' },
      { givenName: 'Odile', familyName: 'PARENT', identifier: 'o.parent' },
    ],
    pupils: [
      {
        givenName: 'Zoé',
        familyName: 'AUBER',
        birthDate: '2012-05-17',
        class: '3E1',
        mef: third,
        of: ['g.parent', 'o.parent'],
        account: { identifier: 'z.auber' },
      },
      {
        givenName: 'Léo',
        familyName: "D'ÉTÉ",
        birthDate: '2014-11-30',
        class: '6E10',
        mef: sixth,
        of: ['g.parent'],
        account: { identifier: 'l.dete', as: 'notified' },
      },
      {
        givenName: 'Ana',
        familyName: 'BRUN',
        class: '6E2',
        mef: sixth,
        of: [],
        account: { identifier: 'a.brun', as: 'activated', email: 'ana@example.org' },
      },
      {
        givenName: 'Max',
        familyName: 'CARO',
        class: '6E2',
        mef: sixth,
        of: [],
        account: { identifier: 'm.caro', as: 'activated', email: 'max@example.org', confirmed: false },
      },
      { givenName: 'Jules', familyName: 'SANSINE', class: '6E2', mef: sixth, ine: null, of: ['g.parent'] },
      { givenName: 'Inès', familyName: 'TARDIVE', class: '6E2', mef: sixth, of: [] },
    ],
  });
  head = createVisitor(world.base);
  await signInStaff(world, head, 'principal');
  helper = createVisitor(world.base);
  await signInStaff(world, helper, 'depanneur');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const accountOf = (identifier: string) => database.db('accounts').where({ identifier }).first();
const publicOf = async (identifier: string): Promise<string> => (await accountOf(identifier)).public_id;
const passwordOf = async (identifier: string): Promise<string> => {
  const { public_id: publicId, provisional_sealed: provisionalSealed } = await accountOf(identifier);
  return openProvisional(deps, { publicId, provisionalSealed }) ?? '';
};
const words = ({ text }: Pick<Answer, 'text'>) =>
  text
    .replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
const cells = ({ text }: Answer, column: string) =>
  Array.from(
    text.matchAll(new RegExp(`<td[^>]*ec-pairs__${column}"[^>]*>([\\s\\S]*?)</td>`, 'g')),
    ([, cell = '']) => words({ text: cell }).trim(),
  );
const trail = async (identifier: string): Promise<[string, string][]> =>
  (
    await database
      .db('audit_events')
      .where({ account_id: (await accountOf(identifier)).id })
      .orderBy('id')
  ).map(({ event, actor }): [string, string] => [event, actor ?? '']);

/** As the form of the list is sent, with these accounts ticked. */
async function send(
  path: string,
  identifiers: readonly string[],
  more: [string, string][] = [],
): Promise<Answer> {
  const csrf = readForm(await head.get(`${AT}?q=`), '/deconnexion').hidden._csrf ?? '';
  const body = new URLSearchParams([['_csrf', csrf], ...more]);
  for (const identifier of identifiers) body.append('account', await publicOf(identifier));
  return head.send(path, postOf(body.toString()));
}

/** From the list to the page of the distribution that was confirmed. */
async function carryOut(action: string, identifiers: readonly string[], more: [string, string][] = []) {
  const asked = await send(`${AT}/confirmer`, identifiers, [['action', action], ...more]);
  expect(asked.status).toBe(200);
  const form = new RegExp(`<form method="post" action="${AT}/[\\s\\S]*?</form>`).exec(asked.text)?.[0] ?? '';
  const fields = Array.from(
    form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g),
    ([, name = '', value = '']): [string, string] => [name, value],
  );
  const path = `${AT}/${action === 'reset' ? 'reinitialiser' : 'notifier'}`;
  const done = await head.send(path, postOf(new URLSearchParams(fields).toString()));
  expect(done.status).toBe(303);
  const to = new URL(String(done.headers.location), world.base).pathname;
  expect(to).toMatch(new RegExp(`^${AT}/distributions/[\\w-]+$`));
  return { asked, page: await head.get(to), to };
}

/** The bytes of a file, as its page is asked for. */
function download(visitor: Visitor, path: string, body?: string): Promise<{ name: string; bytes: Buffer }> {
  const cookie = visitor.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const headers = {
    cookie,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const sending = request(
      new URL(path, world.base),
      { method: body === undefined ? 'GET' : 'POST', headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            name: String(answer.headers['content-disposition'] ?? answer.statusCode),
            bytes: Buffer.concat(chunks),
          }),
        );
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

describe('the list of pupils (S4)', () => {
  test('every pupil of the school once; whoever has no account says why and cannot be ticked', async () => {
    const page = await head.get(`${AT}?q=`);
    expect(words(page)).toContain('Gestion des comptes élèves');
    expect(cells(page, 'pupil')).toEqual([
      'AUBER Zoé',
      'BRUN Ana',
      'CARO Max',
      "D'ÉTÉ Léo",
      'SANSINE Jules',
      'TARDIVE Inès',
    ]);
    expect(cells(page, 'identifier')).toEqual([
      'z.auber',
      'a.brun',
      'm.caro',
      'l.dete',
      'Pas de compte : INE absent dans SIECLE',
      'Pas encore de compte : il sera créé au prochain import',
    ]);
    expect(page.text.match(/name="account"/g)?.length).toBe(4);
    expect(words(page)).toContain('1 à 6 sur 6 élève(s)');
    expect(words(page)).toContain('4 compte(s) dans les résultats');
    expect(words(page)).not.toMatch(/PARENT|g\.parent/);
    // An address that he has not confirmed is none.
    expect(cells(page, 'email').map((cell) => cell.slice(0, 1))).toEqual(['✘', '✉', '✘', '✘', '', '']);
    const titles = Array.from(page.text.matchAll(/<a class="ec-sort[^>]*>([^<]+)</g), ([, title]) => title);
    expect(titles).toEqual([
      'Élève',
      'Classe',
      'MEF',
      'Identifiant',
      'Email',
      'Statut du compte',
      'Origine du compte',
      'Date de notification',
      'Date de dernière connexion',
    ]);
  });

  test.each([
    ['q=ete', ["D'ÉTÉ Léo"]],
    ['q=parent', []],
    ['q=&state=not_notified', ['AUBER Zoé']],
    ['q=&mef=10310019110', ['AUBER Zoé']],
    ['q=&email=with', ['BRUN Ana']],
    ['q=&email=without', ['AUBER Zoé', 'CARO Max', "D'ÉTÉ Léo"]],
    ['q=&origin=school', ['BRUN Ana', 'CARO Max', "D'ÉTÉ Léo"]],
    ['q=&origin=franceconnect', []],
    ['q=&sort=class&state=activated&state=notified', ["D'ÉTÉ Léo", 'BRUN Ana', 'CARO Max']],
    ['q=&sort=login&dir=desc&state=activated&state=notified', ['BRUN Ana', 'CARO Max', "D'ÉTÉ Léo"]],
    ['q=&sort=guardian&state=notified', ["D'ÉTÉ Léo"]],
  ])('%s', async (query, pupils) => {
    for (const [visitor, at] of [
      [head, AT],
      [helper, HELP],
    ] as const) {
      const page = await visitor.get(`${at}?${query}`);
      expect(cells(page, 'pupil')).toEqual(pupils);
      if (pupils.length === 0) expect(words(page)).toContain('Attention ! Aucun élève ne correspond');
    }
  });

  test('all that a search finds are those who have an account; nothing ticked is said', async () => {
    const asked = await send(
      `${AT}/confirmer`,
      [],
      [
        ['all', '1'],
        ['q', ''],
        ['action', 'sheet'],
      ],
    );
    expect(words(asked)).toContain('4 compte(s) concerné(s)');
    expect(words(asked)).toContain('aux élèves ayant déjà activé leur compte');
    const none = await send(`${AT}/confirmer`, [], [['action', 'sheet']]);
    expect(none.status).toBe(400);
    expect(words(none)).toContain('Sélectionnez au moins un compte');
  });
});

describe('distributed by the school', () => {
  test('by sheet: one page a pupil, class by class, with the words and the QR code of a pupil', async () => {
    const before = await passwordOf('l.dete');
    const { page, to } = await carryOut('sheet', ['l.dete', 'a.brun', 'z.auber']);
    expect(words(page)).toContain('La distribution a été effectuée avec succès');
    const { name, bytes } = await download(head, `${to}/courrier.pdf`);
    expect(name).toMatch(new RegExp(`Educonnect-CourriersEleves-${uai}-\\d{14}\\.pdf`));
    const { pages } = await readPdf(bytes, { codes: false });
    expect(pages.map(({ text }) => /Classe : (\S+)/.exec(text)?.[1])).toEqual(['3E1', '6E2', '6E10']);
    const [zoe, ana, leo] = pages;
    expect(await accountOf('z.auber')).toMatchObject({ state: 'notified', origin: 'school' });
    expect(zoe?.text).toContain("A l'attention de Zoé AUBER.");
    expect(zoe?.text).toContain(await passwordOf('z.auber'));
    expect(zoe?.text).toContain('Activez votre compte élève en 2 étapes');
    expect(zoe?.text).toContain("Le chef d'établissement.");
    expect(zoe?.alts.join()).toContain('page de connexion des élèves');
    for (const { text } of pages) expect(text).not.toMatch(/votre enfant|messagerie est|courriel|PARENT/);
    // A password that still works is kept; who has his own is reminded of the identifier alone.
    expect(leo?.text).toContain(before);
    expect(ana?.text).toContain('Votre mot de passe est inchangé.');
    expect(ana?.text).toContain('a.brun');
    expect(await trail('z.auber')).toEqual([
      ['notify', 'staff:principal'],
      ['print-letter', 'staff:principal'],
    ]);
  });

  test('by mail: to a confirmed address only; the others are named', async () => {
    const { page } = await carryOut('email', ['a.brun', 'm.caro'], [['with-reset', '1']]);
    expect(words(page)).toContain(
      'impossible pour le(s) élève(s) suivant(s) (total : 1 compte(s)) : CARO Max',
    );
    await sendDue(deps, { limit: 100 });
    const mails = deps.mailer.sent.filter(({ to }) => to === 'ana@example.org');
    expect(deps.mailer.sent.some(({ to }) => to === 'max@example.org')).toBe(false);
    expect(mails.at(-1)?.subject).toBe('Votre nouveau mot de passe pour les services en ligne');
    expect(mails.at(-1)?.text).toContain(await passwordOf('a.brun'));
    expect(mails.at(-1)?.html).toContain('/connexion?profil=eleve&amp;identifiant=a.brun');
    expect((await accountOf('m.caro')).password_kind).toBe('personal');
  });

  test('a whole school by sheet is made beside the requests; the same form twice is one distribution', async () => {
    const class60 = Array.from({ length: 40 }, (_, index) => `p.foule${index}`);
    await seedSchool(deps, uai, {
      guardians: [],
      pupils: class60.map((identifier, index) => ({
        givenName: 'Paul',
        familyName: `FOULE${String(index).padStart(2, '0')}`,
        class: index % 2 ? '5E1' : '4E1',
        of: [],
        account: { identifier },
      })),
    });
    const { page, to } = await carryOut('sheet', class60);
    expect(words(page)).toContain('Préparation du courrier');
    await makeAllLetters(deps);
    const { pages } = await readPdf((await download(head, `${to}/courrier.pdf`)).bytes, { codes: false });
    expect(pages.length).toBe(40);
    const classes = pages.map(({ text }) => /Classe : (\S+)/.exec(text)?.[1]);
    expect(classes).toEqual([...classes].sort());
    const past = await head.get(`${AT}/distributions`);
    expect(past.text).toContain(to);
    const guardians = await head.get(`/admin/etablissements/${uai}/distributions`);
    expect(guardians.text).not.toContain(to);
    const batch = to.split('/').at(-1);
    expect((await head.send(`/admin/etablissements/${uai}/distributions/${batch}`)).status).toBe(404);
  });

  test('reset: the old one is dead at once, « Non notifié » is warned of', async () => {
    await database.db('accounts').where({ identifier: 'z.auber' }).update({
      state: 'not_notified',
      origin: 'none',
      password_kind: 'none',
      provisional_sealed: null,
      provisional_created_at: null,
      distributed_at: null,
    });
    const before = await passwordOf('l.dete');
    const { page } = await carryOut('reset', ['l.dete', 'z.auber']);
    expect(words(page)).toContain(
      'Le mot de passe a bien été réinitialisé pour les élève(s) sélectionné(s).',
    );
    expect(words(page)).toContain("n'étaient pas encore notifiés n'ont pas été mis à jour");
    expect(await passwordOf('l.dete')).not.toBe(before);
    expect((await accountOf('z.auber')).state).toBe('not_notified');
  });
});

describe('lists', () => {
  const asList = async (path: string, identifiers: string[]) => {
    const csrf = readForm(await head.get(`${AT}?q=`), '/deconnexion').hidden._csrf ?? '';
    const body = new URLSearchParams({ _csrf: csrf });
    for (const identifier of identifiers) body.append('account', await publicOf(identifier));
    return download(head, `${AT}/${path}`, body.toString());
  };

  test('CSV: its columns, its name, provisional passwords in clear and no others', async () => {
    const { name, bytes } = await asList('liste.csv', ['l.dete', 'z.auber', 'm.caro']);
    expect(name).toMatch(/Educonnect-ListeEleves-\d{14}\.csv/);
    const lines = bytes.toString('utf8').replace('\ufeff', '').trim().split('\r\n');
    expect(lines).toEqual([
      "RNE;Établissement;Nom de l'élève;Prénom de l'élève;MEF de l'élève;Classe de l'élève;Identifiant;Mot de passe",
      `${uai};CLG-JEANNE BARRET-ac-TOULOUSE;AUBER;Zoé;3EME;3E1;z.auber;`,
      `${uai};CLG-JEANNE BARRET-ac-TOULOUSE;CARO;Max;6EME;6E2;m.caro;*****`,
      `${uai};CLG-JEANNE BARRET-ac-TOULOUSE;D'ÉTÉ;Léo;6EME;6E10;l.dete;${await passwordOf('l.dete')}`,
    ]);
    expect((await trail('l.dete')).at(-1)).toEqual(['list-password', 'staff:principal']);
    const journal = words(await head.get(`/admin/etablissements/${uai}/journal?acte=export`));
    expect(journal).toContain("A produit une liste d'élèves");
  });

  test('PDF, and by class without passwords for whoever hands the sheets out', async () => {
    const whole = await asList('liste.pdf', ['l.dete', 'm.caro']);
    expect(whole.name).toMatch(/Educonnect-ListeEleves-\d{14}\.pdf/);
    const [page] = (await readPdf(whole.bytes, { codes: false })).pages;
    for (const part of [
      'Liste des élèves :',
      'MEF',
      await passwordOf('l.dete'),
      "choisi par l'élève",
      'm.caro',
    ])
      expect(page?.text).toContain(part);
    const handOut = await readPdf((await asList('liste-par-classe.pdf', ['l.dete', 'm.caro'])).bytes, {
      codes: false,
    });
    expect(handOut.pages.map(({ text }) => /Liste des élèves : (\S+)/.exec(text)?.[1])).toEqual([
      '6E2',
      '6E10',
    ]);
    for (const { text } of handOut.pages) expect(text).not.toContain(await passwordOf('l.dete'));
  });
});

describe('the account of a pupil', () => {
  test('the administration: password, pupil, guardians to look at, diagnostic', async () => {
    const page = await head.get(`${AT}/comptes/${await publicOf('l.dete')}?q=ete`);
    const text = words(page);
    for (const part of [
      "Compte de D'ÉTÉ Léo",
      await passwordOf('l.dete'),
      'Statut du compte',
      'Date de notification',
      '30-11-2014',
      '6E10',
      'Responsables légaux',
      'PARENT Guillaume',
      'g.parent',
      'Identifiants remis par l',
      'Qui a vu ou imprimé ce mot de passe ?',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('FranceConnect');
    expect(page.text).toContain(`href="${AT}?q=ete"`);
    expect(page.text).toContain(`/comptes/${await publicOf('g.parent')}"`);
    expect(text).not.toContain("courriel d'activation");
  });

  test('a wrong birth date is told, with whether the correction has come', async () => {
    const { id } = await accountOf('l.dete');
    const at = new Date(deps.clock.now().getTime() - 3_600_000);
    await database.db('failed_checks').insert({ account_id: id, way: 'school', failed: 'birth-date', at });
    const text = words(await helper.get(`${HELP}/comptes/${await publicOf('l.dete')}`));
    expect(text).toContain("la date de naissance saisie n'est pas celle de la fiche.");
    expect(text).toContain("Comparez la date de naissance avec l'élève ou sa famille.");
    await database.db('failed_checks').where({ account_id: id }).delete();
  });

  test('without a birth date he cannot be activated, and the page says so', async () => {
    await database.db('pupils').where({ family_name: 'FOULE00' }).update({ birth_date: null });
    const text = words(await head.get(`${AT}/comptes/${await publicOf('p.foule0')}`));
    expect(text).toContain("Impossible pour l'instant");
    expect(text).toContain('La date de naissance de Paul FOULE00 manque. À corriger dans SIECLE.');
  });

  test('an address that he has not confirmed is shown as such', async () => {
    const text = words(await head.get(`${AT}/comptes/${await publicOf('m.caro')}`));
    expect(text).toContain("Adresse non confirmée par l'élève : rien n'y est envoyé.");
  });
});

test('a closed account cannot be opened, and the list says why there is none', async () => {
  await database.db('accounts').where({ identifier: 'p.foule3' }).update({ closed_at: deps.clock.now() });
  const list = await head.get(`${AT}?q=foule03`);
  expect(cells(list, 'identifier')).toEqual(['Compte fermé']);
  expect(list.text).not.toContain('name="account"');
  expect((await head.send(`${AT}/comptes/${await publicOf('p.foule3')}`)).status).toBe(404);
});

test('pages of guardians open no pupil, and change none', async () => {
  const guardians = `/admin/etablissements/${uai}`;
  expect((await head.send(`${guardians}/comptes/${await publicOf('l.dete')}`)).status).toBe(404);
  for (const path of ['confirmer', 'notifier', 'reinitialiser', 'liste.csv']) {
    const refused = await send(
      `${guardians}/responsables/${path}`,
      ['g.parent', 'l.dete'],
      [
        ['action', 'sheet'],
        ['expected', '2'],
        ['once', 'x'.repeat(43)],
      ],
    );
    expect({ path, status: refused.status }).toEqual({ path, status: 404 });
  }
});

describe('a reset while the pupil is at his first connection', () => {
  const from = { ip: '127.0.0.1' };
  const uid = 'uid-of-a-pupil-under-way';

  test('what he has chosen is void, the new sheet lets him in, the old one does not', async () => {
    const old = await passwordOf('p.foule1');
    const typed = { identifier: 'p.foule1', kind: 'pupil' as const, ...from };
    const verified = await verifyCredentials(deps, { ...typed, password: old });
    if (!verified.ok) throw new Error(verified.reason);
    const { account } = verified;
    await startFirstConnection(deps, { interactionUid: uid, clientId: null, account, ...from });
    const chosen = { password: 'chaise3verte', confirmation: 'chaise3verte', ...from };
    expect(await chooseNewPassword(deps, uid, chosen)).toEqual({ ok: true });
    await carryOut('reset', ['p.foule1']);
    const date = { day: '9', month: '3', year: '2017' };
    expect(await proveBirthDate(deps, uid, date, from)).toEqual({ ok: false, reason: 'elsewhere' });
    expect(await accountOf('p.foule1')).toMatchObject({ state: 'notified', password_kind: 'provisional' });
    expect((await verifyCredentials(deps, { ...typed, password: old })).ok).toBe(false);
    expect((await verifyCredentials(deps, { ...typed, password: chosen.password })).ok).toBe(false);
    expect((await verifyCredentials(deps, { ...typed, password: await passwordOf('p.foule1') })).ok).toBe(
      true,
    );
  });

  test('both at once: one of the two, and one password', async () => {
    const typed = { identifier: 'p.foule2', kind: 'pupil' as const, ...from };
    const old = await passwordOf('p.foule2');
    const verified = await verifyCredentials(deps, { ...typed, password: old });
    if (!verified.ok) throw new Error(verified.reason);
    const { account } = verified;
    await startFirstConnection(deps, { interactionUid: `${uid}-2`, clientId: null, account, ...from });
    const chosen = { password: 'chaise3verte', confirmation: 'chaise3verte', ...from };
    await chooseNewPassword(deps, `${uid}-2`, chosen);
    const date = { day: '9', month: '3', year: '2017' };
    const request = {
      schoolId: (await database.db('schools').where({ uai }).first()).id,
      of: 'pupil' as const,
      accountIds: [account.id],
      formKey: null,
      actor: { actorKind: 'school' as const, actor: 'staff:principal' },
    };
    const [, reset] = await Promise.all([
      proveBirthDate(deps, `${uid}-2`, date, from),
      resetPasswords(deps, request),
    ]);
    expect(reset.ok).toBe(true);
    // Whichever was first, the school's word is the last: a reset after the activation asks for a new password.
    const passwords = [old, chosen.password, await passwordOf('p.foule2')];
    const good = [];
    for (const password of passwords) good.push((await verifyCredentials(deps, { ...typed, password })).ok);
    expect(good).toEqual([false, false, true]);
  });
});

describe('« Dépannage des comptes élèves » (R-172)', () => {
  test('its home leads to the pupils of the school, and to nothing of guardians', async () => {
    const home = await helper.get('/admin/depannage');
    expect(words(home)).toContain('Retrouvez un élève');
    expect(home.text).toContain(`href="${HELP}"`);
    expect(words(home)).not.toMatch(/responsable|Statistiques|Aider les familles|Journal/i);
  });

  test('finds a pupil, sees the state, and nothing of guardians or of the birth date', async () => {
    const list = await helper.get(`${HELP}?q=`);
    expect(cells(list, 'pupil')).toContain("D'ÉTÉ Léo");
    expect(list.text).not.toMatch(/name="account"|\/confirmer|liste\.csv|\/distributions"/);
    const page = await helper.get(`${HELP}/comptes/${await publicOf('l.dete')}`);
    expect(words(page)).toContain(await passwordOf('l.dete'));
    expect(words(page)).not.toMatch(/PARENT|g\.parent|30-11-2014|Responsables légaux|journal/i);
    expect((await trail('l.dete')).at(-1)).toEqual(['show-password', 'staff:depanneur']);
  });

  test('resets one password, shows it, prints the sheet; the trail knows who', async () => {
    const id = await publicOf('a.brun');
    const asked = await helper.get(`${HELP}/comptes/${id}/reinitialiser`);
    const done = await helper.submit(asked, {}, '/reinitialiser');
    expect(words(done)).toContain('Le mot de passe a bien été réinitialisé.');
    expect(words(done)).toContain(await passwordOf('a.brun'));
    const sheet = await helper.submit(done, { action: 'sheet' }, '/notifier');
    const printed = await helper.submit(sheet, {}, '/notifier');
    expect(words(printed)).toContain('La distribution a été effectuée avec succès.');
    const href = /href="([^"]+courrier\.pdf)"/.exec(printed.text)?.[1] ?? '';
    expect(href.startsWith(`${HELP}/distributions/`)).toBe(true);
    const { pages } = await readPdf((await download(helper, href)).bytes, { codes: false });
    expect(pages.length).toBe(1);
    expect(pages[0]?.text).toContain(await passwordOf('a.brun'));
    expect((await trail('a.brun')).slice(-4)).toEqual([
      ['reset', 'staff:depanneur'],
      ['show-password', 'staff:depanneur'],
      ['notify', 'staff:depanneur'],
      ['print-letter', 'staff:depanneur'],
    ]);
    expect(printed.text).not.toContain(`${HELP}/distributions"`);
  });

  test('one pupil at a time: no distribution of many, no list, no guardian is in reach', async () => {
    const paths = ADMIN_ROUTES.filter(({ path }) => path.startsWith('/admin/depannage/etablissements/')).map(
      ({ path }) => path.replace('/admin/depannage/etablissements/:uai/eleves', ''),
    );
    expect([...new Set(paths)].sort()).toEqual([
      '',
      '/comptes/:account',
      '/comptes/:account/notifier',
      '/comptes/:account/reinitialiser',
      '/distributions/:batch',
      '/distributions/:batch/courrier.pdf',
      '/distributions/:batch/reessayer',
    ]);
    const many = await database
      .db('notification_batches')
      .where({ account_kind: 'pupil', single_account: 0 })
      .pluck('public_id');
    expect(many.length).toBeGreaterThan(0);
    for (const batch of many) {
      expect((await helper.send(`${HELP}/distributions/${batch}`)).status).toBe(404);
      expect((await helper.send(`${HELP}/distributions/${batch}/courrier.pdf`)).status).toBe(404);
    }
    expect((await helper.send(`${HELP}/comptes/${await publicOf('g.parent')}`)).status).toBe(404);
    expect((await helper.send(`/admin/etablissements/${uai}/responsables`)).status).toBe(404);
    expect((await helper.send(`/admin/etablissements/${uai}/statistiques`)).status).toBe(404);
    expect((await helper.send(AT)).status).toBe(404);
  });

  test('so many pupils an hour and person, each once; then a page that says when, and a line for the head', async () => {
    const opened = [await publicOf('l.dete'), await publicOf('a.brun')];
    const second = await publicOf('m.caro');
    const before = await accountOf('m.caro');
    deps.clock.advance(2 * 3_600_000);
    const person = createVisitor(world.base);
    await signInStaff(world, person, 'depanneur');
    for (const account of [...opened, ...opened])
      expect((await person.send(`${HELP}/comptes/${account}`)).status).toBe(200);
    // Without a provisional password there is nothing to see.
    expect((await person.send(`${HELP}/comptes/${second}`)).status).toBe(200);
    const asked = await person.get(`${HELP}/comptes/${second}/reinitialiser`);
    for (const _time of [1, 2]) {
      const refused = await person.submit(asked, {}, '/reinitialiser');
      expect(refused.status).toBe(429);
      expect(words(refused)).toContain("Trop d'élèves en une heure");
    }
    expect((await accountOf('m.caro')).credentials_version).toBe(before.credentials_version);
    const keyed = createVisitor(world.base);
    await signInStaff(world, keyed, 'principal');
    expect((await keyed.get(`${AT.replace('/eleves', '')}/journal`)).text).toContain('limite du dépannage');
    deps.clock.advance(2 * 3_600_000);
  });

  test('the head has it too, without the key; a school of the first degree has none', async () => {
    const keyless = createVisitor(world.base);
    await signInStaff(world, keyless, 'principal.sans-cle');
    expect((await keyless.send(HELP)).status).toBe(200);
    expect((await keyless.send(AT)).status).toBe(403);
    const director = createVisitor(world.base);
    await signInStaff(world, director, 'directeur');
    const one = STAFF_SCHOOLS.one.uai;
    expect((await director.send(`/admin/etablissements/${one}/eleves`)).status).toBe(404);
    expect((await director.send(`/admin/depannage/etablissements/${one}/eleves`)).status).toBe(404);
    expect((await director.get('/admin')).text).not.toContain('/eleves');
  });
});
