import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { takeAttempt } from '../../src/codes/throttle.ts';
import { confirmAddress } from '../../src/enrolment/address-change.ts';
import { sendDue } from '../../src/messages/send.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, firstConnection, linksSent, PROVISIONAL, signIn } from '../support/sign-in.ts';
import { anInteraction, type StubProvider, stubProvider } from '../support/stub-provider.ts';
import { createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

let database: TestDatabase;
let app: TestApp;
let provider: StubProvider;
let visitor: Visitor;
let uid: string;
let identifier: string;
let email: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  provider = stubProvider();
  app = await startApp(database, { provider: () => provider });
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});
/** A family and a sign-in of its own for each test. */
beforeEach(async () => {
  count += 1;
  uid = `visit-${count}`;
  identifier = `g.zoumn${count}`;
  email = `parent${count}@example.org`;
  provider.interactions.set(uid, anInteraction(uid));
  provider.finished.length = 0;
  visitor = createVisitor(app.url);
  await seedFamily(app.deps, { identifier, provisional: PROVISIONAL });
});

const stateOf = async () => (await found(app.deps, identifier)).state;
const pathOf = (page: { url: string }) => new URL(page.url).pathname.replace(`/interaction/${uid}`, '');

describe('R-057 to R-059: the steps of a first connection', () => {
  test('page after page to « Activé », and to the service', async () => {
    const profile = await visitor.get(`/interaction/${uid}`);
    expect(profile.text).toContain('Je sélectionne mon profil');
    const password = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    expect(pathOf(password)).toBe('/mot-de-passe');
    expect(password.text).toContain('Étape 1 sur 4');
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    expect(pathOf(address)).toBe('/adresse');
    const birth = await visitor.submit(address, { email });
    expect(pathOf(birth)).toBe('/naissance');
    expect(birth.text).toContain('Lucie ZOUMN');
    for (const step of [password, address, birth]) expect(step.text).toContain('le mot de passe provisoire');
    const waiting = await visitor.submit(birth, { day: '09', month: '3', year: '2017' });
    expect([pathOf(waiting), await stateOf()]).toEqual(['/activation', 'activating']);
    expect(waiting.text).toContain(email);
    expect(waiting.text).toContain('Étape 4 sur 4');

    const early = await visitor.submit(waiting, {}, '/continuer');
    expect([pathOf(early), early.text.includes('est pas encore activé')]).toEqual(['/activation', true]);
    expect(provider.finished).toEqual([]);

    const [link = ''] = await linksSent(app.deps, email);
    const confirm = await visitor.get(link);
    expect(confirm.text).toContain('Activer mon compte');
    expect(confirm.text).not.toContain(email);
    const done = await visitor.submit(confirm, {});
    expect([done.status, await stateOf()]).toEqual([200, 'activated']);
    expect(done.text).toContain(`href="/interaction/${uid}/continuer"`);
    const onward = await visitor.send(`/interaction/${uid}/continuer`);
    expect([onward.status, onward.headers.location]).toEqual([303, 'https://ent.example.test/callback']);
    expect(provider.finished).toHaveLength(1);
  });

  test('C01: whoever has only typed the provisional password is led back to the step he is at, from anywhere', async () => {
    await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    for (const page of ['', '/adresse', '/naissance', '/activation', '/continuer'])
      expect(pathOf(await visitor.get(`/interaction/${uid}${page}`))).toBe('/mot-de-passe');
    const form = readForm(await visitor.get(`/interaction/${uid}/mot-de-passe`));
    for (const page of ['adresse', 'naissance', 'activation/renvoyer', 'activation/adresse', 'continuer']) {
      const body = new URLSearchParams({ ...form.hidden, email, day: '9', month: '3', year: '2017' });
      const answer = await visitor.send(`/interaction/${uid}/${page}`, postOf(body.toString()));
      expect([answer.status, answer.headers.location]).toEqual([303, `/interaction/${uid}/mot-de-passe`]);
    }
    expect([provider.finished, await stateOf()]).toEqual([[], 'notified']);
  });

  test('C02: a password against the rules is refused with 400, the reason and the same page', async () => {
    const page = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    for (const [password, confirmation, field] of [
      ['court1', 'court1', 'new_password'],
      ['troplongpourlaregle1', 'troplongpourlaregle1', 'new_password'],
      ['sanschiffre', 'sanschiffre', 'new_password'],
      ['1234567890', '1234567890', 'new_password'],
      [PROVISIONAL, PROVISIONAL, 'new_password'],
      [CHOSEN, 'autre3chose', 'confirmation'],
      ['', '', 'new_password'],
    ] as const) {
      const refused = await visitor.submit(page, { new_password: password, confirmation });
      expect([password, refused.status, refused.text.includes(`href="#${field}"`)]).toEqual([
        password,
        400,
        true,
      ]);
      if (password !== '') expect(refused.text).not.toContain(password);
    }
  });

  test('R-063: a wrong birth date is counted down, then locked; the account has not moved', async () => {
    const password = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    const birth = await visitor.submit(address, { email });
    const marked = (text: string) =>
      Array.from(text.matchAll(/<input[^>]* name="(day|month|year)"[^>]*>/g), ([input, name]) =>
        input.includes('govuk-input--error') ? [name] : [],
      ).flat();
    for (const [fields, wrong] of [
      [{}, ['day', 'month', 'year']],
      [{ day: '9' }, ['month', 'year']],
      [{ day: '31', month: '2', year: '2017' }, ['day']],
      [{ day: '9', month: '13', year: '17' }, ['month', 'year']],
      [{ day: '9', month: '3', year: '2099' }, ['year']],
    ] as const) {
      const refused = await visitor.submit(birth, fields);
      expect([refused.status, marked(refused.text)]).toEqual([400, wrong]);
      expect(refused.text).toContain(`href="#${wrong[0]}"`);
    }
    const texts: string[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const refused = await visitor.submit(birth, { day: '8', month: '3', year: '2017' });
      expect(refused.status).toBe(400);
      texts.push(refused.text);
    }
    expect(texts[0]).toContain('href="#day"');
    expect(texts[4]).not.toContain('href="#day"');
    const right = await visitor.submit(birth, { day: '9', month: '3', year: '2017' });
    expect([right.status, await stateOf()]).toEqual([400, 'notified']);
    expect(texts[4]).toContain('La vérification est suspendue');
    expect(right.text).not.toContain('correspond pas');
  });

  test('D06: signing in again while suspended, the first page says until when, and no step is taken', async () => {
    app.deps.clock.set(new Date('2026-11-22T14:20:30Z'));
    const account = await found(app.deps, identifier);
    const limit = { key: `birth-date|${account.id}`, limit: 5, windowMs: 86_400_000 };
    const first = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    for (let n = 0; n < 5; n += 1) await takeAttempt(app.deps.db, { ...limit, now: app.deps.clock.now() });
    app.deps.clock.advance(60_000);
    const page = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    expect([page.status, pathOf(page)]).toEqual([200, '/mot-de-passe']);
    expect(page.text).toContain('demain, après 15\u00a0h\u00a021');
    const refused = await visitor.submit(first, { new_password: CHOSEN, confirmation: CHOSEN });
    expect([refused.status, refused.text.includes('est suspendue')]).toEqual([400, true]);
    app.deps.clock.set(new Date('2026-11-23T14:20:30Z'));
    const again = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    expect(again.text).toContain('Choisissez votre mot de passe');
  });

  test('two services at once: what was finished in one tab is said in the other', async () => {
    const ent = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    provider.interactions.set(`${uid}-lsu`, anInteraction(`${uid}-lsu`));
    const lsu = await signIn(visitor, `${uid}-lsu`, { identifier, password: PROVISIONAL });
    const passwords = { new_password: CHOSEN, confirmation: CHOSEN };
    const births = [];
    for (const tab of [ent, lsu])
      births.push(await visitor.submit(await visitor.submit(tab, passwords), { email }));
    const date = { day: '9', month: '3', year: '2017' };
    for (const tab of births.slice(0, 1)) await visitor.submit(tab, date);
    const late = await visitor.submit(births[1] ?? ent, date);
    expect([late.status, new URL(late.url).pathname]).toEqual([200, `/interaction/${uid}-lsu`]);
    expect(late.text).toContain('Vous avez terminé dans un autre onglet');
    expect((await visitor.get(`/interaction/${uid}-lsu`)).text).not.toContain('autre onglet');
  });

  test('two people in two tabs of one sign-in: what is typed for the one is not the other one’s', async () => {
    const stale = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    await seedFamily(app.deps, { identifier: `p.autre${count}`, provisional: PROVISIONAL });
    const his = await signIn(visitor, uid, { identifier: `p.autre${count}`, password: PROVISIONAL });
    const refused = await visitor.submit(stale, { new_password: CHOSEN, confirmation: CHOSEN });
    expect([refused.status, pathOf(refused)]).toEqual([200, '/mot-de-passe']);
    const address = await visitor.submit(his, { new_password: CHOSEN, confirmation: CHOSEN });
    expect(pathOf(address)).toBe('/adresse');
    const form = readForm(address);
    expect(form.hidden.account).toBe(`p.autre${count}`);
    const body = new URLSearchParams({ ...form.hidden, account: identifier, email }).toString();
    expect((await visitor.send(form.action, postOf(body))).headers.location).toMatch(/\/adresse$/);
    expect(pathOf(await visitor.submit(address, { email }))).toBe('/naissance');
  });

  test('F08: a form sent twenty times at once, two tabs, the back button: one outcome, no error', async () => {
    const page = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
    const secondTab = await visitor.get(`/interaction/${uid}`);
    const sent = await Promise.all(
      Array.from({ length: 20 }, () => visitor.submit(page, { new_password: CHOSEN, confirmation: CHOSEN })),
    );
    for (const answer of sent) expect([answer.status, pathOf(answer)]).toEqual([200, '/adresse']);
    const late = await visitor.submit(secondTab, { new_password: 'autre4mot', confirmation: 'autre4mot' });
    expect(pathOf(late)).toBe('/adresse');
    const birth = await visitor.submit(late, { email });
    const dates = await Promise.all(
      Array.from({ length: 5 }, () => visitor.submit(birth, { day: '9', month: '3', year: '2017' })),
    );
    for (const answer of dates) expect([answer.status, pathOf(answer)]).toEqual([200, '/activation']);
    expect(await linksSent(app.deps, email)).toHaveLength(1);
  });
});

describe('other people', () => {
  /** A pupil with his sheet, at the page of his birth date. */
  async function atOwnBirthDate() {
    const { deps } = app;
    const pupil = await seedFamily(deps, { identifier: `${identifier}0`, provisional: PROVISIONAL });
    await deps.db('accounts').where({ id: pupil.id }).update({ kind: 'pupil' });
    const [self] = await deps.db('pupils').select('id').orderBy('id', 'desc').limit(1);
    await deps.db('pupils').where({ id: self.id }).update({ account_id: pupil.id });
    const typed = { identifier: `${identifier}0`, password: PROVISIONAL };
    const password = await signIn(visitor, uid, typed, 'eleve');
    expect(password.text).toContain('Étape 1 sur 2');
    const birth = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    expect(pathOf(birth)).toBe('/naissance');
    return { pupil, birth };
  }

  test('R-034: a pupil chooses a password and gives his own birth date, and is in, without a mail', async () => {
    const { pupil, birth } = await atOwnBirthDate();
    const wrong = await visitor.submit(birth, { day: '8', month: '3', year: '2017' });
    expect(wrong.status).toBe(400);
    const onward = await visitor.submit(wrong, { day: '9', month: '3', year: '2017' });
    expect(onward.headers.location).toBe('https://ent.example.test/callback');
    expect(provider.finished).toEqual([{ uid, accountPublicId: pupil.publicId }]);
  });

  test('R-173: an address if the pupil wants: he is in at once, and it is his when its own link is followed', async () => {
    const { birth } = await atOwnBirthDate();
    const date = { day: '9', month: '3', year: '2017' };
    const slip = await visitor.submit(birth, { ...date, email: 'eleve@nulle part' });
    expect(slip.status).toBe(400);
    expect(slip.text).toContain('corrigez-la, ou effacez-la');
    expect(slip.text).toContain('value="eleve@nulle part"');
    const wrong = await visitor.submit(slip, { ...date, day: '8', email: ` eleve${count}@example.org ` });
    // What was no address has cost no try.
    expect(wrong.text).toContain('Il vous reste 4 essais');
    const onward = await visitor.submit(wrong, { ...date, email: ` eleve${count}@example.org ` });
    expect(onward.headers.location).toBe('https://ent.example.test/callback');
    const own = `${identifier}0`;
    expect(await found(app.deps, own)).toMatchObject({
      state: 'activated',
      email: null,
      emailVerifiedAt: null,
    });
    await sendDue(app.deps, { limit: 100 });
    const [mail, ...more] = app.deps.mailer.sent.filter(({ to }) => to === `eleve${count}@example.org`);
    expect(more).toEqual([]);
    const token = /\/adresse\/confirmer\/([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? '';
    expect(await confirmAddress(app.deps, token, { ip: '127.0.0.1' })).toMatchObject({ ok: true });
    expect(await found(app.deps, own)).toMatchObject({ email: `eleve${count}@example.org` });
  });

  test('H02: names as the school writes them are shown as text', async () => {
    const hostile = {
      givenName: 'Lou <script>alert(1)</script>',
      familyName: 'O’BRIEN-Ñ "x" 😀',
      birthDate: '2017-03-09',
    };
    await seedFamily(app.deps, {
      identifier: `${identifier}0`,
      provisional: PROVISIONAL,
      children: [hostile],
    });
    const password = await signIn(visitor, uid, { identifier: `${identifier}0`, password: PROVISIONAL });
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    const birth = await visitor.submit(address, { email });
    expect(birth.text).toContain('O’BRIEN-Ñ &quot;x&quot; 😀');
    expect(birth.text).not.toContain('<script>alert');
  });

  test('a guardian who has no child left is told to ask the school, and nothing breaks', async () => {
    await seedFamily(app.deps, { identifier: `${identifier}0`, provisional: PROVISIONAL, children: [] });
    const password = await signIn(visitor, uid, { identifier: `${identifier}0`, password: PROVISIONAL });
    const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
    const birth = await visitor.submit(address, { email });
    expect([birth.status, pathOf(birth)]).toEqual([200, '/naissance']);
    expect(birth.text).not.toContain('<form method="post"');
  });
});

describe("« En cours d'activation »", () => {
  test('another way has activated the account meanwhile: « Continuer » says why to sign in again', async () => {
    const waiting = await firstConnection(visitor, uid, identifier, email);
    const account = await found(app.deps, identifier);
    // As the way by SMS leaves it, elsewhere: « Activé », with another password.
    await app.deps
      .db('accounts')
      .where({ id: account.id })
      .update({
        state: 'activated',
        activated_at: app.deps.clock.now(),
        credentials_version: account.credentialsVersion + 1,
      });
    const after = await visitor.submit(waiting, {}, '/continuer');
    expect([after.status, new URL(after.url).pathname]).toEqual([200, `/interaction/${uid}`]);
    expect(after.text).toContain('connectez-vous avec votre nouveau mot de passe');
  });

  test('R-062: signing in again, even at another service, leads back to the page that resends and corrects', async () => {
    await firstConnection(visitor, uid, identifier, email);
    const other = createVisitor(app.url);
    provider.interactions.set(`${uid}-b`, anInteraction(`${uid}-b`));
    const waiting = await signIn(other, `${uid}-b`, { identifier, password: CHOSEN });
    expect(waiting.url).toContain(`/interaction/${uid}-b/activation`);

    const resent = await other.submit(waiting, {}, '/renvoyer');
    expect(resent.text).toContain('Message renvoyé');
    const corrected = await other.submit(resent, { email: `new-${email}` }, '/activation/adresse');
    expect(corrected.text).toContain(`new-${email}`);
    const [first = '', second = ''] = await linksSent(app.deps, email);
    const [third = ''] = await linksSent(app.deps, `new-${email}`);
    for (const dead of [first, second]) expect((await other.get(dead)).status).toBe(400);
    expect((await other.submit(await other.get(third), {})).status).toBe(200);
    expect(await found(app.deps, identifier)).toMatchObject({ state: 'activated', email: `new-${email}` });
  });

  test('a bad address is refused at its field, and mails are limited', async () => {
    const waiting = await firstConnection(visitor, uid, identifier, email);
    for (const bad of ['', 'parent', 'a@b', `${'a'.repeat(300)}@example.org`]) {
      const refused = await visitor.submit(waiting, { email: bad }, '/activation/adresse');
      expect([refused.status, refused.text.includes('href="#email"')]).toEqual([400, true]);
    }
    const answers = [];
    for (let mail = 0; mail < 6; mail += 1) answers.push(await visitor.submit(waiting, {}, '/renvoyer'));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 400]);
    expect(answers[5]?.text).toMatch(/Plusieurs messages viennent déjà de partir.+un quart d/s);
  });

  test('R-068: once the link is over, signing in sends a fresh one; a good one stays, with its date', async () => {
    app.deps.clock.set(new Date('2026-11-22T08:00:00Z'));
    await firstConnection(visitor, uid, identifier, email);
    const again = () => signIn(visitor, uid, { identifier, password: CHOSEN });
    app.deps.clock.advance(6 * 86_400_000);
    expect((await again()).text).toContain('envoyé le 22 novembre 2026 à 9\u00a0h\u00a000');
    expect(await linksSent(app.deps, email)).toHaveLength(1);
    app.deps.clock.advance(86_400_000);
    expect((await again()).text).toContain('envoyé le 29 novembre 2026');
    const [, fresh = ''] = await linksSent(app.deps, email);
    expect((await visitor.submit(await visitor.get(fresh), {})).status).toBe(200);
  });

  test('R-068: a fresh link counts like any other mail, and the page does not promise one that was not sent', async () => {
    app.deps.clock.set(new Date('2026-11-22T08:00:00Z'));
    const waiting = await firstConnection(visitor, uid, identifier, email);
    for (let mail = 0; mail < 5; mail += 1) await visitor.submit(waiting, {}, '/renvoyer');
    await app.deps.db('mail_links').update({ expires_at: app.deps.clock.now() });
    const page = await signIn(visitor, uid, { identifier, password: CHOSEN });
    expect(page.text).toContain('plus valable. Demandez un nouveau message');
    expect(await linksSent(app.deps, email)).toHaveLength(6);
  });

  test('the sign-in went on in another tab: the page that waited says so and leads to the service', async () => {
    const waiting = await firstConnection(visitor, uid, identifier, email);
    const [link = ''] = await linksSent(app.deps, email);
    await visitor.submit(await visitor.get(link), {});
    provider.interactions.delete(uid);
    const pages = [
      await visitor.submit(waiting, {}, '/continuer'),
      await visitor.get(`/interaction/${uid}/continuer`),
      await visitor.get(`/interaction/${uid}/activation`),
    ];
    for (const page of pages) {
      expect([page.status, page.text.includes('Votre compte est activé')]).toEqual([200, true]);
      expect(page.text).toContain('https://ent.example.test/login?iss=');
    }
    const stranger = await createVisitor(app.url).get(`/interaction/${uid}/continuer`);
    expect([stranger.status, stranger.text.includes('EC-400-LOST')]).toEqual([400, true]);
  });

  test('a sign-in that is lost before the account is activated stays lost', async () => {
    await firstConnection(visitor, uid, identifier, email);
    provider.interactions.delete(uid);
    expect((await visitor.get(`/interaction/${uid}/activation`)).text).toContain('EC-400-LOST');
  });

  test('the script of the waiting page learns when the link was opened', async () => {
    await firstConnection(visitor, uid, identifier, email);
    const status = async () =>
      JSON.parse(
        (await visitor.send(`/interaction/${uid}/etat`, { headers: { accept: 'application/json' } })).text,
      );
    expect(await status()).toEqual({ status: 'activation' });
    const [link = ''] = await linksSent(app.deps, email);
    await visitor.submit(await visitor.get(link), {});
    expect(await status()).toEqual({ status: 'done' });
  });
});

describe('the link of the mail', () => {
  test('1.4: opened a hundred times by GET and HEAD it is still good; pressed twenty times at once it works once', async () => {
    await firstConnection(visitor, uid, identifier, email);
    const [link = ''] = await linksSent(app.deps, email);
    for (let look = 0; look < 50; look += 1) {
      await visitor.send(link, { method: 'HEAD' });
      expect((await visitor.send(link)).status).toBe(200);
    }
    expect(await stateOf()).toBe('activating');
    const page = await visitor.get(link);
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.submit(page, {})));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array(19).fill(400)]);
    for (const answer of answers) expect(answer.text).toMatch(/Votre compte est activé|Ce lien a déjà servi/);
    expect(await stateOf()).toBe('activated');
  });

  test('decision 12: on another device it activates, says to go back, and offers to begin again at the service', async () => {
    const waiting = await firstConnection(visitor, uid, identifier, email);
    const [link = ''] = await linksSent(app.deps, email);
    const phone = createVisitor(app.url);
    const done = await phone.submit(await phone.get(link), {});
    expect(done.status).toBe(200);
    expect(done.text).not.toContain(uid);
    expect(done.text).toContain('Retournez là où vous avez commencé');
    expect(done.text).toContain('https://ent.example.test/login?iss=');
    const onward = await visitor.submit(waiting, {}, '/continuer');
    expect(onward.headers.location).toBe('https://ent.example.test/callback');
  });

  test('its cookie goes to the link only, the one of the page to its sign-in, and none can be made up', async () => {
    await firstConnection(visitor, uid, identifier, email);
    const cookie = visitor.cookies.find(({ name }) => name === 'educonnect_activation');
    expect(cookie).toMatchObject({ path: '/activation', value: uid });
    const page = visitor.cookies.find(({ name }) => name === 'educonnect_waiting');
    expect(page).toMatchObject({ path: `/interaction/${uid}`, value: uid });
    const [link = ''] = await linksSent(app.deps, email);
    const forger = createVisitor(app.url);
    forger.cookies.push(
      { name: 'educonnect_activation', value: uid, path: '/activation' },
      { name: 'educonnect_activation.sig', value: 'A'.repeat(27), path: '/activation' },
    );
    const done = await forger.submit(await forger.get(link), {});
    expect(done.status).toBe(200);
    expect(done.text).not.toContain(uid);
  });

  test('expired, used, replaced and made-up links: 400, a clear sentence, the way on', async () => {
    await firstConnection(visitor, uid, identifier, email);
    const [link = ''] = await linksSent(app.deps, email);
    const page = await visitor.get(link);
    const before = app.deps.clock.now();
    app.deps.clock.advance(7 * 86_400_000 + 1000);
    for (const answer of [await visitor.get(link), await visitor.submit(page, {})]) {
      expect(answer.status).toBe(400);
      expect(answer.text).toContain("Ce lien n'est plus valable".replace("'", '&#39;'));
    }
    app.deps.clock.set(before);
    await visitor.submit(await visitor.get(`/interaction/${uid}/activation`), {}, '/renvoyer');
    expect((await visitor.get(link)).text).toContain('utilisez le lien du dernier message');
    const [, last = ''] = await linksSent(app.deps, email);
    await visitor.submit(await visitor.get(last), {});
    expect((await visitor.get(last)).text).toContain('Ce lien a déjà servi');
    for (const wrong of [
      link.slice(0, -1),
      `${link}x`,
      link.toUpperCase().replace('/ACTIVATION', '/activation'),
    ])
      expect((await visitor.get(wrong)).status).toBe(400);
  });
});
