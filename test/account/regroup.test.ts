import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { lockAccounts, updateAccount } from '../../src/accounts/store.ts';
import { childrenOfAccount } from '../../src/directory/children.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Family, found, seedFamily } from '../support/family.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let own: string;
let other: string;
let count = 0;

const ELOI = { givenName: 'Éloi', familyName: 'ZOUMN', birthDate: '2014-05-01' };
const MINUTE_MS = 60_000;

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
  own = `g.zoumn${count}`;
  other = `g.zoumnb${count}`;
  visitor = createVisitor(world.app.url);
  world.deps.mailer.sent.length = 0;
});

async function signedIn(identifier = own, who = visitor): Promise<Answer> {
  return typePassword(who, await who.get('/'), { identifier });
}

/** One guardian with two accounts: the one that is signed in, and the other one, by default « Notifié ». */
async function twoAccounts(second: Partial<Family> = {}): Promise<void> {
  await seedActivated(world.deps, { identifier: own }, CHOSEN);
  await seedFamily(world.deps, {
    identifier: other,
    children: [ELOI],
    provisional: PROVISIONAL,
    email: `ecole${count}@example.org`,
    ...second,
  });
  await signedIn();
}

const attach = async (password = PROVISIONAL, identifier = other): Promise<Answer> =>
  visitor.submit(await visitor.get('/compte/rattacher'), { identifier, password });

const childrenOf = async (identifier: string) => {
  const account = await found(world.deps, identifier);
  return (await childrenOfAccount(world.deps.db, account)).map(({ givenName }) => givenName).sort();
};

const audit = async (event: string, accountId: number) =>
  world.deps.db('audit_events').where({ event, account_id: accountId }).select('outcome', 'details');

describe('« Rattacher un enfant »', () => {
  test('shows who comes, then makes one account of two; the one signed in stays', async () => {
    await twoAccounts();
    const lost = await found(world.deps, other);
    const confirm = await attach();
    expect([pathOf(confirm), confirm.status]).toEqual(['/compte/rattacher/confirmer', 200]);
    for (const text of ['Éloi ZOUMN', 'E.E.PU-DES TILLEULS', other, own])
      expect(confirm.text).toContain(text);
    expect(confirm.text).not.toContain('Lucie');
    expect(await childrenOf(own)).toEqual(['Lucie']);

    const done = await visitor.submit(confirm, {});
    expect(pathOf(done)).toBe('/compte/rattacher/fait');
    expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
    const home = await visitor.get('/');
    for (const text of ['Lucie ZOUMN', 'Éloi ZOUMN']) expect(home.text).toContain(text);
    const [row] = await world.deps.db('accounts').where({ id: lost.id });
    const { id } = await found(world.deps, own);
    expect(row).toMatchObject({ merged_into: id, closed_at: expect.any(Date), password_hash: null });
    expect(await audit('regroup', lost.id)).toEqual([
      { outcome: 'done', details: expect.stringMatching(new RegExp(`^into ${id}, references \\d+$`)) },
    ]);
    expect(await audit('regroup', id)).toEqual([{ outcome: 'done', details: `with ${lost.id}` }]);
    expect(await audit('regroup-proof', lost.id)).toHaveLength(1);

    // Both addresses are told, with the way to stop it.
    await sendDue(world.deps, { limit: 100 });
    const mails = world.deps.mailer.sent.filter(({ subject }) => /regroupés/.test(subject));
    expect(mails.map(({ to }) => to).sort()).toEqual([`ecole${count}@example.org`, `${own}@example.org`]);
    for (const { text } of mails) expect(text).toContain('/ce-n-est-pas-moi/');

    // The other account is nobody's any more.
    const stranger = createVisitor(world.app.url);
    const page = await typePassword(stranger, await stranger.get('/'), {
      identifier: other,
      password: PROVISIONAL,
    });
    expect(page.status).toBe(400);
    // The page again, and the form again: told that it is done.
    expect(pathOf(await visitor.get('/compte/rattacher/confirmer'))).toBe('/compte/rattacher/fait');
    expect(pathOf(await visitor.submit(confirm, {}))).toBe('/compte/rattacher/fait');
    expect(await audit('regroup', id)).toHaveLength(1);
  });

  test.each(['activated', 'activating'] as const)(
    'with one that is %s and has a personal password',
    async (state) => {
      await twoAccounts();
      const changes = {
        state,
        passwordKind: 'personal',
        passwordHash: await world.deps.passwords.hash('tulipe8jaune'),
        provisionalSealed: null,
        provisionalCreatedAt: null,
        email: `choisie${count}@example.org`,
        ...(state === 'activated' ? { activatedAt: world.deps.clock.now() } : {}),
      } as const;
      await updateAccount(
        world.deps.db,
        (await found(world.deps, other)).id,
        changes,
        world.deps.clock.now(),
      );
      expect(pathOf(await visitor.submit(await attach('tulipe8jaune'), {}))).toBe('/compte/rattacher/fait');
      expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
      const elsewhere = createVisitor(world.app.url);
      expect((await signedIn(own, elsewhere)).text).toContain('Mes informations');
    },
  );

  test("ends the other account's sessions and grants, and leaves those of the one that stays", async () => {
    await seedActivated(world.deps, { identifier: own }, CHOSEN);
    await seedActivated(world.deps, { identifier: other, children: [ELOI] }, CHOSEN);
    await signedIn();
    const elsewhere = createVisitor(world.app.url);
    await signedIn(other, elsewhere);
    const code = codeOf(await elsewhere.get(authorizePath(world.ent))) ?? '';
    const tokens = (await (await exchange(world, world.ent, code)).json()) as { access_token: string };
    const lost = await found(world.deps, other);
    await visitor.submit(await attach(CHOSEN), {});
    expect((await elsewhere.get('/')).text).toContain('Je sélectionne mon profil');
    const answer = await fetch(`${world.app.url}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(answer.status).toBe(401);
    for (const table of ['oidc_sessions', 'oidc_grants'])
      expect(await world.deps.db(table).where({ account_id: lost.publicId })).toEqual([]);
    expect((await visitor.get('/')).text).toContain('Mes informations');
    expect(codeOf(await visitor.get(authorizePath(world.ent)))).not.toBeNull();
  });

  test('both must have been proved within five minutes', async () => {
    await twoAccounts();
    const confirm = await attach();
    world.advance(6 * MINUTE_MS);
    const asked = await visitor.submit(confirm, {});
    expect(asked.text).toContain('Confirmez que c&#39;est bien vous');
    const again = await visitor.submit(asked, { identifier: own, password: CHOSEN }, '/connexion');
    // He has proved himself again, the other account is too long ago.
    expect(pathOf(again)).toBe('/compte/rattacher');
    expect(again.text).toContain('Indiquez de nouveau l&#39;autre compte');
    expect(await childrenOf(own)).toEqual(['Lucie']);
    await visitor.submit(await attach(), {});
    expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
  });

  test('a proof made before the other password was reset is worth nothing', async () => {
    await twoAccounts();
    const confirm = await attach();
    const { id } = await found(world.deps, other);
    await updateAccount(world.deps.db, id, {}, world.deps.clock.now(), true);
    const refused = await visitor.submit(confirm, {});
    expect(refused.text).toContain('Indiquez de nouveau l&#39;autre compte');
    expect(await childrenOf(own)).toEqual(['Lucie']);
  });

  test('a page of another proof confirms nothing', async () => {
    await twoAccounts();
    const third = `${other}c`;
    await seedFamily(world.deps, {
      identifier: third,
      children: [{ ...ELOI, givenName: 'Noé' }],
      provisional: PROVISIONAL,
    });
    const first = await attach();
    await attach(PROVISIONAL, third);
    const shown = await visitor.submit(first, {});
    expect([pathOf(shown), shown.text.includes('Noé')]).toEqual(['/compte/rattacher/confirmer', true]);
    expect(await childrenOf(own)).toEqual(['Lucie']);
  });
});

describe('what is refused', () => {
  const problem = async (answer: Answer) => {
    expect([answer.status, pathOf(answer)]).toEqual([400, '/compte/rattacher']);
    expect(await childrenOf(own)).toEqual(['Lucie']);
    return /<h2 class="govuk-heading-s">([^<]+)/.exec(answer.text)?.[1]?.replaceAll('&#39;', "'");
  };

  test('unknown, wrong and locked answer alike, on the counters of the login page', async () => {
    await twoAccounts();
    const unknown = await attach(PROVISIONAL, `${other}.inconnu`);
    const wrong = await attach('AAAAAAAAAA');
    for (let tries = 0; tries < 5; tries += 1) await attach('AAAAAAAAAA');
    const locked = await attach();
    for (const answer of [unknown, wrong, locked])
      expect(await problem(answer)).toBe('Identifiant ou mot de passe incorrect');
    const plain = ({ text }: Answer) =>
      text.replace(/name="_csrf" value="[^"]+"/, '').replaceAll(`${other}.inconnu`, other);
    expect(plain(unknown)).toBe(plain(wrong));
    expect(plain(locked)).toBe(plain(wrong));
    // The same lock shuts the login page.
    const stranger = createVisitor(world.app.url);
    const page = await typePassword(stranger, await stranger.get('/'), {
      identifier: other,
      password: PROVISIONAL,
    });
    expect(page.status).toBe(400);
  });

  test('expired and frozen are said to somebody who knows the password only', async () => {
    await twoAccounts();
    const { id } = await found(world.deps, other);
    const old = new Date(world.deps.clock.now().getTime() - 91 * 86_400_000);
    await updateAccount(world.deps.db, id, { distributedAt: old, provisionalCreatedAt: old }, old);
    expect(await problem(await attach())).toBe("Ce mot de passe provisoire n'est plus valable");
    expect(await problem(await attach('AAAAAAAAAA'))).toBe('Identifiant ou mot de passe incorrect');
    await updateAccount(world.deps.db, id, { frozenAt: old }, old);
    expect(await problem(await attach())).toBe('Cet autre compte est bloqué');
  });

  test('his own account; a pupil; an account that was never distributed', async () => {
    await twoAccounts({ provisional: '' });
    expect(await problem(await attach(CHOSEN, own.toUpperCase()))).toBe(
      "C'est le compte que vous utilisez déjà",
    );
    expect(await problem(await attach())).toBe('Identifiant ou mot de passe incorrect');
    await seedFamily(world.deps, { identifier: `${other}e`, provisional: PROVISIONAL });
    await world.deps
      .db('accounts')
      .where({ identifier: `${other}e` })
      .update({ kind: 'pupil' });
    expect(await problem(await attach(PROVISIONAL, `${other}e`))).toBe(
      "Ce compte n'est pas celui d'un représentant légal",
    );
  });

  test.each([
    ['another given name', { givenName: 'Hélène' }],
    ['another family name', { familyName: 'ZOUMNA' }],
    ['half of a compound name', { givenName: 'Guillaume-Henri' }],
  ])("another person's: %s", async (_, names) => {
    await twoAccounts(names);
    expect(await problem(await attach())).toBe('Les deux comptes ne sont pas au nom de la même personne');
    const { id } = await found(world.deps, other);
    expect(await audit('regroup', id)).toEqual([{ outcome: 'refused', details: 'other names' }]);
  });

  test('a father and a mother of one name who share a child', async () => {
    await twoAccounts();
    const [a, b] = [await found(world.deps, own), await found(world.deps, other)];
    const { db } = world.deps;
    await db('guardian_references').where({ account_id: a.id }).update({ title: 'M.' });
    await db('guardian_references').where({ account_id: b.id }).update({ title: 'Mme' });
    const [reference] = await db('guardian_references').where({ account_id: b.id }).pluck('id');
    const [pupil] = await db('legal_links as l')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .where('g.account_id', a.id)
      .pluck('l.pupil_id');
    const now = world.deps.clock.now();
    await db('legal_links').insert({ guardian_reference_id: reference, pupil_id: pupil, created_at: now });
    expect(await problem(await attach())).toBe('Les deux comptes ne sont pas au nom de la même personne');
  });

  test('the same name in other letters, or at birth, is one person', async () => {
    await twoAccounts({ givenName: 'GUILLAUME Henri', familyName: 'Lœuvre' });
    const { id } = await found(world.deps, other);
    await world.deps.db('guardian_references').where({ account_id: id }).update({ birth_name: 'Zoumn' });
    expect(pathOf(await attach())).toBe('/compte/rattacher/confirmer');
  });

  test('without a fresh proof, without a session, for a pupil: no page', async () => {
    await twoAccounts();
    world.advance(11 * MINUTE_MS);
    expect((await visitor.get('/compte/rattacher')).text).toContain('Confirmez que c&#39;est bien vous');
    const stranger = createVisitor(world.app.url);
    expect((await stranger.get('/compte/rattacher/confirmer')).text).toContain('Je sélectionne mon profil');
    expect((await stranger.send('/compte/rattacher/confirmer', { method: 'POST' })).status).toBe(403);
  });
});

test('20 confirmations at once: one regrouping, no error', async () => {
  await twoAccounts();
  const confirm = await attach();
  const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.submit(confirm, {})));
  expect(new Set(answers.map((answer) => `${answer.status} ${pathOf(answer)}`))).toEqual(
    new Set(['200 /compte/rattacher/fait']),
  );
  const { id } = await found(world.deps, own);
  expect(await audit('regroup', id)).toHaveLength(1);
  expect(await childrenOf(own)).toEqual(['Lucie', 'Éloi']);
  await database.db.transaction(async (trx) => expect(await lockAccounts(trx, [id])).toHaveLength(1));
});
