import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { makeAllLetters, sendMessages } from '../../src/jobs/send-messages.ts';
import { readPdf } from '../messages/read-pdf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let world: StaffWorld;
let deps: TestDeps;
let director: Visitor;
let accounts: Map<string, { id: number; publicId: string }>;
let foreign: { id: number; publicId: string };
const base = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}`;
let run = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  deps = world.app.deps;
  const away = await seedSchool(deps, STAFF_SCHOOLS.foreign.uai, {
    guardians: [{ givenName: 'Ada', familyName: 'AILLEURS', identifier: 'a.ailleurs' }],
    pupils: [{ givenName: 'Max', familyName: 'AILLEURS', of: ['a.ailleurs'], class: 'CP' }],
  });
  foreign = away.get('a.ailleurs') as typeof foreign;
  director = createVisitor(world.base);
  await signInStaff(world, director, 'directeur', `${base}/responsables`);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const KINDS = ['fresh', 'notified', 'activating', 'activated', 'franceconnect'] as const;
const nameOf = (kind: string) => `${kind}.${run}`;

/** A family of each kind, new for each test. */
beforeEach(async () => {
  run += 1;
  accounts = await seedSchool(deps, STAFF_SCHOOLS.one.uai, {
    guardians: KINDS.map((kind) => ({
      givenName: 'Nora',
      familyName: `${kind}-${run}`,
      identifier: nameOf(kind),
      as: kind === 'fresh' ? 'not_notified' : kind,
      email: kind === 'notified' ? null : `${nameOf(kind)}@example.org`,
    })),
    pupils: KINDS.map((kind) => ({
      givenName: 'Zoé',
      familyName: `${kind}-${run}`,
      of: [nameOf(kind)],
      class: `CP ${run}`,
    })),
  });
});

const publicId = (kind: string) => accounts.get(nameOf(kind))?.publicId ?? '';
const account = async (kind: string): Promise<Account> =>
  database
    .db('accounts')
    .select(accountColumns())
    .where({ id: accounts.get(nameOf(kind))?.id })
    .first();
const password = async (kind: string) => openProvisional(deps, await account(kind));

/** All hidden fields of a page's form, those that come several times too. */
function hiddenFields({ text }: Answer, action: string): [string, string][] {
  const form = new RegExp(`<form[^>]*action="${action}"[\\s\\S]*?</form>`).exec(text)?.[0] ?? '';
  const inputs = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
  return Array.from(inputs, ([, name = '', value = '']) => [name, value.replaceAll('&#39;', "'")]);
}

async function csrf(): Promise<string> {
  const page = await director.get(`${base}/comptes/${publicId('activating')}/activation`);
  return hiddenFields(page, `${base}/comptes/[^"]+/activation`)[0]?.[1] ?? '';
}

async function post(path: string, fields: [string, string][]): Promise<Answer> {
  const answer = await director.send(path, postOf(new URLSearchParams(fields).toString()));
  return answer.status === 303 ? director.get(String(answer.headers.location)) : answer;
}

/** From the list's form to the page that asks. */
async function confirm(action: string, kinds: readonly string[], more: [string, string][] = []) {
  const ids = kinds.map((kind): [string, string] => ['account', publicId(kind)]);
  return post(`${base}/responsables/confirmer`, [
    ['_csrf', await csrf()],
    ['action', action],
    ...ids,
    ...more,
  ]);
}

const words = ({ text }: Answer) =>
  text
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');

async function download(
  path: string,
): Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }> {
  const cookie = director.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Promise((resolve, reject) => {
    request(new URL(path, world.base), { headers: { cookie } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const pdfHref = ({ text }: Answer) => /href="([^"]+courrier\.pdf)"/.exec(text)?.[1] ?? '';

describe('from the list', () => {
  test('by sheet, with reset: asked, done, printed with what the database says', async () => {
    const asked = await confirm('sheet', KINDS, [['with-reset', '1']]);
    expect(asked.status).toBe(200);
    expect(words(asked)).toContain(
      'Êtes-vous sûr de vouloir notifier le(s) compte(s) (par feuille individuelle) ?',
    );
    expect(words(asked)).toContain(
      "Avertissement : si vous avez coché l'option 'Avec réinitialisation du mot de passe', un nouveau mot de passe provisoire sera attribué aux responsables ayant déjà activé leur compte.",
    );
    expect(words(asked)).toContain('5 compte(s) concerné(s)');
    expect((await account('fresh')).state).toBe('not_notified');

    const fields = hiddenFields(asked, `${base}/responsables/notifier`);
    const done = await post(`${base}/responsables/notifier`, fields);
    expect(words(done)).toContain(
      'La distribution a été effectuée avec succès pour le(s) compte(s) sélectionné(s) : Télécharger le courrier au format PDF',
    );
    expect(words(done)).toContain(
      "Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés n'ont pas été mis à jour.",
    );
    expect(words(done)).toContain(
      `Aucun mot de passe à réinitialiser, connexion avec FranceConnect (total : 1 compte(s)) : FRANCECONNECT-${run} Nora`,
    );

    const head = await director.send(pdfHref(done), { method: 'HEAD' });
    expect([head.status, head.headers['content-type']]).toEqual([200, 'application/pdf']);
    const { headers, bytes } = await download(pdfHref(done));
    expect(headers).toMatchObject({
      'content-type': 'application/pdf',
      'cache-control': 'no-store',
      'content-disposition': expect.stringMatching(
        /^attachment; filename="Educonnect-Courriers-0319911A-\d{14}\.pdf"$/,
      ),
    });
    const { pages } = await readPdf(bytes, { codes: false });
    expect(pages).toHaveLength(5);
    for (const kind of ['fresh', 'notified', 'activating', 'activated'])
      expect(
        pages.filter(({ text }) => text.includes(`Identifiant : ${nameOf(kind)} Mot de passe`)),
      ).toHaveLength(1);
    for (const kind of ['fresh', 'notified', 'activating', 'activated']) {
      const secret = await password(kind);
      expect(pages.find(({ text }) => text.includes(nameOf(kind)))?.text).toContain(
        `Mot de passe * : ${secret}`,
      );
    }
    const lines = await database
      .db('audit_events')
      .where({ event: 'print-letter', account_id: accounts.get(nameOf('activated'))?.id });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      actor_kind: 'school',
      details: expect.stringMatching(/^C05, version 1, distribution \d+$/),
    });

    // Pressed twice, sent again, or in a second tab of the same page: the same batch.
    const again = await post(`${base}/responsables/notifier`, fields);
    expect(again.url).toBe(done.url);
    expect((await account('activated')).credentialsVersion).toBe(1);
    // The same question afterwards is a new one.
    const later = await confirm('sheet', KINDS, [['with-reset', '1']]);
    expect(hiddenFields(later, `${base}/responsables/notifier`)).not.toEqual(fields);
  });

  test('two tabs that ask the same before anything was done are one distribution', async () => {
    const first = await confirm('sheet', ['fresh']);
    const second = await confirm('sheet', ['fresh']);
    const done = await post(
      `${base}/responsables/notifier`,
      hiddenFields(first, `${base}/responsables/notifier`),
    );
    const same = await post(
      `${base}/responsables/notifier`,
      hiddenFields(second, `${base}/responsables/notifier`),
    );
    expect(same.url).toBe(done.url);
  });

  test('all of a search that the distribution itself empties: pressing twice is still the same batch', async () => {
    const all: [string, string][] = [
      ['all', '1'],
      ['q', `fresh ${run}`],
      ['state', 'not_notified'],
    ];
    const asked = await confirm('sheet', [], all);
    expect(words(asked)).toContain('1 compte(s) concerné(s)');
    const fields = hiddenFields(asked, `${base}/responsables/notifier`);
    const done = await post(`${base}/responsables/notifier`, fields);
    expect((await account('fresh')).state).toBe('notified');
    expect((await post(`${base}/responsables/notifier`, fields)).url).toBe(done.url);
  });

  test('a selection that has changed is asked about again, and nothing is done', async () => {
    const all: [string, string][] = [
      ['all', '1'],
      ['q', `${run}`],
    ];
    const asked = await confirm('reset', [], all);
    const fields = hiddenFields(asked, `${base}/responsables/reinitialiser`).map(
      ([name, value]): [string, string] => [name, name === 'expected' ? '2' : value],
    );
    const refused = await post(`${base}/responsables/reinitialiser`, fields);
    expect(refused.status).toBe(400);
    expect(words(refused)).toContain('Votre sélection a changé entre-temps');
    expect((await account('activated')).passwordKind).toBe('personal');
  });

  test('by mail: who has no address is named (R-121), results per recipient, retry of the failed', async () => {
    const asked = await confirm('email', KINDS);
    expect(words(asked)).toContain('Êtes-vous sûr de vouloir notifier le(s) compte(s) (par email) ?');
    const done = await post(
      `${base}/responsables/notifier`,
      hiddenFields(asked, `${base}/responsables/notifier`),
    );
    expect(words(done)).toContain(
      'La distribution a été effectuée avec succès pour le(s) compte(s) sélectionné(s).',
    );
    expect(words(done)).toContain(
      `Aucune adresse mail n'étant renseignée, la distribution par mail est impossible pour le(s) responsable(s) suivant(s) (total : 1 compte(s)) : NOTIFIED-${run} Nora`,
    );
    expect(words(done)).toContain('4 en attente');

    const here = new URL(done.url).pathname;
    const send = deps.mailer.send;
    deps.mailer.send = async (mail) =>
      mail.to.startsWith('activated')
        ? { ok: false, permanent: true, reason: 'EENVELOPE 554 DATA' }
        : mail.to.startsWith('activating')
          ? { ok: false, permanent: true, reason: 'EENVELOPE 550 RCPT TO', badAddress: true }
          : send(mail);
    await sendMessages(deps, 'email');
    deps.mailer.send = send;
    const page = await director.get(here);
    expect(words(page)).toContain('2 envoyé(s)');
    expect(words(page)).toContain(`ACTIVATED-${run} Nora activated.${run} Échec de l'envoi`);
    expect(words(page)).toContain(`ACTIVATING-${run} Nora activating.${run} Adresse en erreur`);
    expect((await account('activating')).emailBouncedAt).not.toBeNull();

    const retry: [string, string][] = [['_csrf', await csrf()]];
    const retried = await post(`${here}/reessayer`, retry);
    expect(words(retried)).toContain("1 message(s) à nouveau en attente d'envoi.");
    expect(words(await post(`${here}/reessayer`, retry))).toContain('0 message(s) à nouveau en attente');
    await sendMessages(deps, 'email');
    expect(words(await director.get(here))).toContain('3 envoyé(s)');
    expect(deps.mailer.sent.filter(({ to }) => to === `activated.${run}@example.org`)).toHaveLength(1);
    // The next one does not write to the address that was refused.
    const next = await confirm('email', ['activating']);
    const listed = await post(
      `${base}/responsables/notifier`,
      hiddenFields(next, `${base}/responsables/notifier`),
    );
    expect(words(listed)).toContain('ne peut recevoir aucun message');
    expect(words(listed)).not.toContain('avec succès');
  });

  test('reset alone (R-143)', async () => {
    const asked = await confirm('reset', KINDS);
    expect(words(asked)).toContain('Êtes-vous sûr de vouloir réinitialiser le(s) compte(s) ?');
    const done = await post(
      `${base}/responsables/reinitialiser`,
      hiddenFields(asked, `${base}/responsables/reinitialiser`),
    );
    expect(words(done)).toContain(
      'Le mot de passe a bien été réinitialisé pour les responsable(s) sélectionné(s).',
    );
    expect(words(done)).toContain(
      "Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés",
    );
    expect(await account('activated')).toMatchObject({ state: 'activated', passwordKind: 'provisional' });
    expect(done.text).not.toContain(await password('activated'));
  });

  test('« Annuler » and the way back keep the search and what was ticked', async () => {
    const search: [string, string][] = [
      ['q', `CP ${run}`.slice(3)],
      ['state', 'activated'],
      ['sort', 'class'],
    ];
    const asked = await confirm('sheet', ['activated'], search);
    const cancel = /<a class="govuk-button[^>]*href="([^"]+)"/
      .exec(asked.text)?.[1]
      ?.replaceAll('&amp;', '&');
    const list = await director.get(String(cancel));
    expect(list.text).toContain(`value="${publicId('activated')}" checked`);
    expect(list.text.match(/name="account"[^>]* checked/g)).toHaveLength(1);
    expect(words(list)).toContain('1 responsable(s) sélectionné(s)');

    const done = await post(
      `${base}/responsables/notifier`,
      hiddenFields(asked, `${base}/responsables/notifier`),
    );
    const links = Array.from(done.text.matchAll(/<a class="govuk-link" href="([^"]+)"/g), ([, href]) =>
      String(href).replaceAll('&amp;', '&'),
    );
    expect(links).toContain(`${base}/responsables?q=${run}&state=activated&sort=class`);
    // Through a part of the distribution that is asked about.
    const reset = await confirm('reset', ['notified'], [['q', `${run}`]]);
    const was = await post(
      `${base}/responsables/reinitialiser`,
      hiddenFields(reset, `${base}/responsables/reinitialiser`),
    );
    const part = await post(`${base}/responsables/confirmer?q=${run}`, [
      ...hiddenFields(was, `${base}/responsables/confirmer\\?q=${run}`),
      ['action', 'sheet'],
    ]);
    expect(words(part)).toContain('1 compte(s) concerné(s)');
    const last = await post(
      `${base}/responsables/notifier`,
      hiddenFields(part, `${base}/responsables/notifier`),
    );
    expect(last.text).toContain(`href="${base}/responsables?q=${run}"`);
    // Also from the page of an account.
    const one = await director.get(
      `${base}/comptes/${publicId('activated')}/notifier?action=sheet&q=${run}&state=activated`,
    );
    const of = await director.submit(one, {}, 'notifier');
    expect(of.text).toContain(`href="${base}/responsables?q=${run}&amp;state=activated"`);
    expect(of.text).toContain(`href="${base}/comptes/${publicId('activated')}?q=${run}&amp;state=activated"`);
  });

  test('whom a distribution leaves is notified from its page: after a reset, without address, with a bad one', async () => {
    const reset = await confirm('reset', KINDS);
    const done = await post(
      `${base}/responsables/reinitialiser`,
      hiddenFields(reset, `${base}/responsables/reinitialiser`),
    );
    const again = hiddenFields(done, `${base}/responsables/confirmer`);
    const asked = await post(`${base}/responsables/confirmer`, [...again, ['action', 'sheet']]);
    // All but « Non notifié » and FranceConnect alone.
    expect(words(asked)).toContain('3 compte(s) concerné(s)');
    const secret = await password('activated');
    const notified = await post(
      `${base}/responsables/notifier`,
      hiddenFields(asked, `${base}/responsables/notifier`),
    );
    const { pages } = await readPdf((await download(pdfHref(notified))).bytes, { codes: false });
    expect(pages).toHaveLength(3);
    expect(pages.find(({ text }) => text.includes(nameOf('activated')))?.text).toContain(
      `Mot de passe * : ${secret}`,
    );

    const mails = await confirm('email', ['notified', 'activated']);
    const sent = await post(
      `${base}/responsables/notifier`,
      hiddenFields(mails, `${base}/responsables/notifier`),
    );
    const left = hiddenFields(sent, `${base}/responsables/confirmer`);
    expect(left).toContainEqual(['part', 'no-address']);
    const sheets = await post(`${base}/responsables/confirmer`, [...left, ['action', 'sheet']]);
    expect(words(sheets)).toContain('1 compte(s) concerné(s)');

    // Of another school, or no part at all: nothing is there.
    const token = String(again[0]?.[1]);
    const away = createVisitor(world.base);
    const two = `/admin/etablissements/${STAFF_SCHOOLS.two.uai}`;
    await signInStaff(world, away, 'trois', `${two}/responsables`);
    expect(token).not.toBe('');
    for (const [name, value] of [
      ['part', 'toutes'],
      ['batch', 'inconnue'],
    ] as const) {
      const odd = left.map(([key, was]): [string, string] => [key, key === name ? value : was]);
      expect((await post(`${base}/responsables/confirmer`, [...odd, ['action', 'sheet']])).status).toBe(404);
    }
    const own = await away.get(`${two}/responsables?q=`);
    const csrfAway = /name="_csrf" value="([^"]+)"/.exec(own.text)?.[1] ?? '';
    const foreignPart = left.map(([key, was]): [string, string] => [key, key === '_csrf' ? csrfAway : was]);
    const body = new URLSearchParams([...foreignPart, ['action', 'sheet']]).toString();
    expect((await away.send(`${two}/responsables/confirmer`, postOf(body))).status).toBe(404);
  });

  test('nothing selected, an odd action, an account of another school, a form without its token', async () => {
    expect((await confirm('sheet', [])).status).toBe(400);
    expect((await confirm('list-pdf', ['fresh'])).url).toContain(`${base}/responsables`);
    const token = await csrf();
    const mixed: [string, string][] = [
      ['_csrf', token],
      ['action', 'sheet'],
      ['with-reset', '1'],
      ['once', 'x'.repeat(43)],
      ['expected', '2'],
      ['account', publicId('activated')],
      ['account', foreign.publicId],
    ];
    for (const path of ['confirmer', 'notifier', 'reinitialiser'])
      expect((await post(`${base}/responsables/${path}`, mixed)).status).toBe(404);
    expect((await account('activated')).passwordKind).toBe('personal');
    const ids: [string, string][] = [['account', publicId('activated')]];
    expect((await post(`${base}/responsables/notifier`, ids)).status).toBe(403);
    // Without the mark of a page that asked, it is asked first.
    const unasked = await post(`${base}/responsables/reinitialiser`, [['_csrf', token], ...ids]);
    expect(unasked.status).toBe(400);
    expect((await account('activated')).passwordKind).toBe('personal');
  });
});

describe('from the page of an account', () => {
  const at = (kind: string, action: string) => `${base}/comptes/${publicId(kind)}/${action}`;

  test('by sheet, with reset (R-117, R-119)', async () => {
    const path = at('activated', 'notifier');
    const asked = await director.get(`${path}?action=sheet&with-reset=1`);
    expect(words(asked)).toContain(
      'Êtes-vous sûr de vouloir notifier le compte (par feuille individuelle) ?',
    );
    expect(words(asked)).toContain('un nouveau mot de passe provisoire sera attribué au responsable.');
    const done = await director.submit(asked, {}, 'notifier');
    expect(words(done)).toContain(
      'La distribution a été effectuée avec succès. Télécharger le courrier au format PDF',
    );
    const { pages } = await readPdf((await download(pdfHref(done))).bytes, { codes: false });
    expect(pages).toHaveLength(1);
    expect(pages[0]?.text).toContain(`Mot de passe * : ${await password('activated')}`);

    // He chooses his own: the sheet is printed without the dead password.
    const dead = (await password('activated')) ?? '';
    await database
      .db('accounts')
      .where({ id: accounts.get(nameOf('activated'))?.id })
      .update({
        password_kind: 'personal',
        password_hash: 'of nobody',
        provisional_sealed: null,
        provisional_created_at: null,
        credentials_version: 7,
      });
    const later = await readPdf((await download(pdfHref(done))).bytes, { codes: false });
    expect(later.pages[0]?.text).not.toContain(dead);
    expect(later.pages[0]?.text).toContain('Votre mot de passe est inchangé.');
  });

  test('by mail, without address (R-122)', async () => {
    const asked = await director.get(`${at('notified', 'notifier')}?action=email`);
    expect(words(asked)).toContain('Êtes-vous sûr de vouloir notifier le compte (par email) ?');
    const done = await director.submit(asked, {}, 'notifier');
    expect(words(done)).toContain(
      "Aucune adresse mail n'étant renseignée, la distribution par mail est impossible.",
    );
    expect(words(done)).not.toContain('avec succès');
  });

  test('reset: the new password is shown at once, and who saw it is known (R-144)', async () => {
    const asked = await director.get(at('activated', 'reinitialiser'));
    expect(words(asked)).toContain('Êtes-vous sûr de vouloir réinitialiser le mot de passe du compte ?');
    const done = await director.submit(asked, {}, 'reinitialiser');
    expect(words(done)).toContain('Le mot de passe a bien été réinitialisé.');
    const secret = await password('activated');
    expect(words(done)).toContain(`Mot de passe ${secret}`);
    expect(
      await database
        .db('audit_events')
        .where({ event: 'show-password', account_id: accounts.get(nameOf('activated'))?.id }),
    ).toHaveLength(1);
    const again = await director.submit(asked, {}, 'reinitialiser');
    expect(again.url).toBe(done.url);
    expect(await password('activated')).toBe(secret);
  });

  test('reset is not offered where it cannot be (R-110, X14)', async () => {
    for (const [kind, sentence] of [
      ['fresh', "Ce compte n'est pas encore notifié"],
      ['franceconnect', "Ce compte n'a pas de mot de passe"],
    ] as const) {
      const page = await director.get(at(kind, 'reinitialiser'));
      expect(words(page)).toContain(sentence);
      expect(page.text).not.toContain('name="once"');
    }
  });

  test('the activation mail again, to a corrected address (R-148)', async () => {
    const page = await director.get(at('activating', 'activation'));
    expect(words(page)).toContain("Vérification de l'adresse mail");
    const refused = await director.submit(page, { email: 'pas une adresse' }, 'activation');
    expect(refused.status).toBe(400);
    const done = await director.submit(page, { email: `autre.${run}@example.org` }, 'activation');
    expect(words(done)).toContain('Le mail a été renvoyé.');
    expect(await account('activating')).toMatchObject({
      email: `autre.${run}@example.org`,
      state: 'activating',
      emailVerifiedAt: null,
    });
    await sendMessages(deps, 'email');
    const mail = deps.mailer.sent.find(({ to }) => to === `autre.${run}@example.org`);
    expect(mail?.subject).toBe("Services en ligne de l'éducation nationale - activation du compte");
    expect(words(await director.get(at('activated', 'activation')))).toContain(
      'ne peut être renvoyé que pour un compte',
    );
  });
});

describe('the batches of the school', () => {
  test('many letters are made beside the requests, sealed, and again when a password has changed', async () => {
    const many = Array.from({ length: 33 }, (_, index) => `many${index}.${run}`);
    const made = await seedSchool(deps, STAFF_SCHOOLS.one.uai, {
      guardians: many.map((identifier) => ({ givenName: 'Guy', familyName: 'FOULE', identifier })),
      pupils: many.map((identifier) => ({
        givenName: 'Ana',
        familyName: 'FOULE',
        of: [identifier],
        class: 'CE2',
      })),
    });
    const ids = [...made.values()].map((one): [string, string] => ['account', one.publicId]);
    const asked = await confirm('sheet', [], ids);
    const done = await post(
      `${base}/responsables/notifier`,
      hiddenFields(asked, `${base}/responsables/notifier`),
    );
    const here = new URL(done.url).pathname;
    expect(words(done)).toContain('Préparation du courrier : 0 lettre(s) sur 33.');
    expect(done.headers.refresh).toBe('2');
    expect((await download(`${here}/courrier.pdf`)).status).toBe(303);
    await makeAllLetters(deps);
    const ready = await director.get(here);
    expect(ready.headers.refresh).toBeUndefined();
    const { bytes } = await download(pdfHref(ready));
    const { pages } = await readPdf(bytes, { codes: false });
    expect(pages).toHaveLength(33);
    // At rest nothing can be read.
    const parts = await database.db('letter_parts').pluck('content_sealed');
    expect(parts.every((part) => String(part).startsWith('v1.'))).toBe(true);

    await database
      .db('accounts')
      .where({ id: [...made.values()][0]?.id })
      .update({ credentials_version: 9 });
    const stale = await director.get(here);
    expect(pdfHref(stale)).toBe('');
    expect((await download(`${here}/courrier.pdf`)).status).toBe(303);
    const askedAgain = await post(`${here}/courrier`, [['_csrf', await csrf()]]);
    expect(words(askedAgain)).toContain('Préparation du courrier');
    await makeAllLetters(deps);
    expect(pdfHref(await director.get(here))).not.toBe('');
  });

  test('the list tells what was done; another school sees none of it', async () => {
    const asked = await confirm('email', ['fresh', 'notified']);
    const done = await post(
      `${base}/responsables/notifier`,
      hiddenFields(asked, `${base}/responsables/notifier`),
    );
    const here = new URL(done.url).pathname;
    const list = await director.get(`${base}/distributions`);
    expect(words(list)).toContain('Courriers électroniques 1 1 1 en attente, 0 en échec');
    const other = createVisitor(world.base);
    await signInStaff(world, other, 'trois', '/admin');
    const elsewhere = here.replace(STAFF_SCHOOLS.one.uai, STAFF_SCHOOLS.two.uai);
    for (const path of [elsewhere, `${elsewhere}/courrier.pdf`])
      expect((await other.get(path)).status).toBe(404);
    expect((await director.get(`${base}/distributions/nothing`)).status).toBe(404);
    expect((await director.get(`${here}%20`)).status).toBe(404);
  });
});
