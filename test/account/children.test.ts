import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { insertAccounts, updateAccount, updateProvisionals } from '../../src/accounts/store.ts';
import { decideWrongAttachment } from '../../src/accounts/wrong-attachments.ts';
import { findSignalled } from '../../src/accounts/wrong-attachments-store.ts';
import { openProvisional, sealProvisional } from '../../src/credentials/provisional.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, LUCIE } from '../support/family.ts';
import { CHOSEN, PROVISIONAL } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, codeOf, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let own: string;
let count = 0;
const STAFF = { actorKind: 'school', actor: 'staff:x' } as const;

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
  own = `g.enfants${count}`;
  visitor = createVisitor(world.app.url);
  world.deps.mailer.sent.length = 0;
  await seedActivated(world.deps, { identifier: own }, CHOSEN);
});

const signedIn = async (who = visitor, identifier = own) =>
  typePassword(who, await who.get('/'), { identifier });
const hrefOf = (page: Answer, end: string) =>
  new RegExp(`/compte/enfants/[\\w-]{22}/${end}`).exec(page.text)?.[0] ?? `/nowhere/${end}`;

async function pupilOf(identifier = own): Promise<{ id: number; schoolId: number; referenceId: number }> {
  const { id } = await found(world.deps, identifier);
  return world.deps
    .db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where('g.account_id', id)
    .first({ id: 'p.id', schoolId: 'p.school_id', referenceId: 'g.id' });
}

/** The child is at a collège, with an account of his own. */
async function atCollege(state: 'not_notified' | 'notified' | 'activated' = 'notified') {
  const { deps } = world;
  const pupil = await pupilOf();
  const publicId = deps.random.bytes(16).toString('base64url');
  const identifier = `l.eleve${count}`;
  const now = deps.clock.now();
  await insertAccounts(
    deps.db,
    [{ publicId, kind: 'pupil', identifier, givenName: LUCIE.givenName, familyName: LUCIE.familyName }],
    now,
  );
  const account = await found(deps, identifier);
  await deps.db('pupils').where({ id: pupil.id }).update({ account_id: account.id, degree: 2 });
  if (state !== 'not_notified') {
    const sealed = sealProvisional(deps, publicId, PROVISIONAL);
    const notified = { state: 'notified', origin: 'school', distributedAt: now } as const;
    await updateProvisionals(deps.db, [{ id: account.id, sealed }], notified, now);
  }
  if (state === 'activated')
    await updateAccount(
      deps.db,
      account.id,
      {
        state,
        activatedAt: now,
        passwordKind: 'personal',
        passwordHash: await deps.passwords.hash(CHOSEN),
        provisionalSealed: null,
        provisionalCreatedAt: null,
        email: `${identifier}@example.org`,
        emailVerifiedAt: now,
      },
      now,
    );
  return { identifier, ...pupil };
}

describe('« Je ne suis pas le représentant légal de cet élève »', () => {
  test('hides the child, tells the school, and is taken back; the last child locks nobody out', async () => {
    const home = await signedIn();
    const { schoolId } = await pupilOf();
    const page = await visitor.get(hrefOf(home, 'signaler'));
    expect(page.text).toContain('Je ne suis pas le représentant légal de cet élève');
    const reported = await visitor.submit(page, {});
    expect(reported.text).toContain('Retirer mon signalement');
    expect(
      (await findSignalled(world.deps.db, schoolId, { state: 'open', limit: 9, offset: 0 })).rows,
    ).toHaveLength(1);

    const bare = await visitor.get('/');
    expect(bare.text).toContain('Mes informations');
    expect(bare.text).toContain('Signalements en attente');
    const again = createVisitor(world.app.url);
    expect((await signedIn(again)).text).toContain('Mes informations');
    expect(codeOf(await again.get(authorizePath(world.ent)))).not.toBeNull();

    const back = await visitor.submit(await visitor.get(hrefOf(bare, 'signaler')), {}, '/retirer');
    expect(pathOf(back)).toBe('/');
    expect(back.text).not.toContain('Signalements en attente');
    expect(hrefOf(back, 'signaler')).toBe(hrefOf(home, 'signaler'));
    const { rows, counts } = await findSignalled(world.deps.db, schoolId, {
      state: 'closed',
      limit: 9,
      offset: 0,
    });
    expect([counts.open, rows[0]?.outcome]).toEqual([0, 'withdrawn']);
    // The school cannot say it in his place.
    const pupil = await pupilOf();
    const attachment = { referenceId: pupil.referenceId, pupilId: pupil.id, schoolId };
    expect(await decideWrongAttachment(world.deps, attachment, 'reopen', STAFF)).toEqual({
      ok: false,
      reason: 'decided',
    });
    const { id } = await found(world.deps, own);
    const events = await world.deps.db('audit_events').where({ account_id: id }).orderBy('id').pluck('event');
    expect(events).toEqual(expect.arrayContaining(['wrong-attachment', 'withdraw-wrong-attachment']));
  });

  test('once the school has looked at it, it stands', async () => {
    const home = await signedIn();
    const reported = await visitor.submit(await visitor.get(hrefOf(home, 'signaler')), {});
    const pupil = await pupilOf();
    const attachment = { referenceId: pupil.referenceId, pupilId: pupil.id, schoolId: pupil.schoolId };
    expect(await decideWrongAttachment(world.deps, attachment, 'removed', STAFF)).toEqual({ ok: true });
    const late = await visitor.submit(reported, {}, '/retirer');
    expect([late.status, late.text.includes('a déjà traité ce signalement')]).toEqual([400, true]);
    expect((await visitor.get(hrefOf(home, 'signaler'))).status).toBe(404);
  });

  test('20 at once, of both forms: a defined state and no error', async () => {
    const home = await signedIn();
    const page = await visitor.get(hrefOf(home, 'signaler'));
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.submit(page, {})));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const reported = answers[0] as Answer;
    const back = await Promise.all(
      Array.from({ length: 20 }, () => visitor.submit(reported, {}, '/retirer')),
    );
    expect(new Set(back.map((answer) => `${answer.status} ${pathOf(answer)}`))).toEqual(new Set(['200 /']));
    expect((await visitor.get('/')).text).not.toContain('Signalements en attente');
  });
});

describe("a child's forgotten password", () => {
  const shown = (page: Answer) => /<bdi dir="ltr">([A-Z2-9]{10})<\/bdi>/.exec(page.text)?.[1] ?? null;
  const ask = async () => visitor.get(hrefOf(await visitor.get('/'), 'mot-de-passe'));

  test('is shown once, lets the child choose another, and tells everybody', async () => {
    const child = await atCollege('activated');
    await signedIn();
    const pupil = createVisitor(world.app.url);
    const home = await typePassword(pupil, await pupil.get('/'), { identifier: child.identifier }, 'eleve');
    expect(home.text).toContain('Ma scolarité');

    const form = await ask();
    const made = await visitor.submit(form, {});
    const password = shown(made);
    expect([made.status, made.headers['cache-control'], password]).toEqual([
      200,
      'no-store',
      expect.any(String),
    ]);
    expect(made.text).toContain(child.identifier);
    expect(made.url).not.toContain(password ?? '');
    // Sent again, as by a reload: it is not told twice, nor made twice.
    const again = await visitor.submit(form, {});
    expect([again.status, shown(again)]).toEqual([400, null]);
    expect(openProvisional(world.deps, await found(world.deps, child.identifier))).toBe(password);

    expect((await pupil.get('/')).text).toContain('Je sélectionne mon profil');
    const old = await typePassword(pupil, await pupil.get('/'), { identifier: child.identifier }, 'eleve');
    expect(old.status).toBe(400);
    const fresh = await typePassword(
      pupil,
      await pupil.get('/'),
      { identifier: child.identifier, password: password ?? '' },
      'eleve',
    );
    expect(fresh.text).toContain('Nouveau mot de passe');
    const chosen = await pupil.submit(fresh, { new_password: 'jardin5bleu', confirmation: 'jardin5bleu' });
    expect(chosen.text).toContain('Ma scolarité');
    const history = (await pupil.get('/compte/historique')).text;
    expect(history).toContain('Nouveau mot de passe donné par un parent');
    expect(history).toContain('Par un de vos responsables légaux.');

    await sendDue(world.deps, { limit: 100 });
    expect(world.deps.mailer.sent.map(({ to }) => to).sort()).toEqual([
      `${own}@example.org`,
      `${child.identifier}@example.org`,
    ]);
    expect(JSON.stringify(world.deps.mailer.sent)).not.toContain(password);
    const account = await found(world.deps, child.identifier);
    const guardian = await found(world.deps, own);
    const lines = await world.deps
      .db('audit_events')
      .whereIn('event', ['child-password', 'password-by-guardian'])
      .whereIn('account_id', [account.id, guardian.id]);
    expect(lines.map(({ event, account_id, school_id }) => [event, account_id, school_id])).toEqual([
      ['child-password', guardian.id, null],
      ['password-by-guardian', account.id, child.schoolId],
    ]);
    expect(account.state).toBe('activated');
  });

  test.each(['not_notified', 'none'] as const)('%s: the school gives the first codes', async (state) => {
    if (state === 'none')
      await world.deps
        .db('pupils')
        .where({ id: (await pupilOf()).id })
        .update({ degree: 2 });
    else await atCollege(state);
    await signedIn();
    const page = await ask();
    expect(page.text).toContain('pas encore reçu ses premiers codes');
    expect(page.text).not.toContain('Créer un nouveau mot de passe');
  });

  test('a child of the first degree, of another family, or reported wrong: there is no such page', async () => {
    const child = await atCollege();
    const home = await signedIn();
    const href = hrefOf(home, 'mot-de-passe');
    const form = await visitor.get(href);
    const stranger = createVisitor(world.app.url);
    const theirs = `${own}b`;
    await seedActivated(world.deps, { identifier: theirs }, CHOSEN);
    const foreign = await signedIn(stranger, theirs);
    expect(foreign.text).not.toMatch(/enfants\/[^"]+\/mot-de-passe/);
    expect((await stranger.get(href)).status).toBe(404);
    expect((await stranger.get(hrefOf(home, 'signaler'))).status).toBe(404);
    expect((await stranger.get(hrefOf(foreign, 'signaler').replace('signaler', 'mot-de-passe'))).status).toBe(
      404,
    );
    await visitor.submit(await visitor.get(hrefOf(home, 'signaler')), {});
    expect((await visitor.submit(form, {})).status).toBe(404);
    expect(openProvisional(world.deps, await found(world.deps, child.identifier))).toBe(PROVISIONAL);
  });

  test('three a day; a blocked account is the school’s', async () => {
    const child = await atCollege();
    await signedIn();
    for (let times = 0; times < 3; times += 1)
      expect(shown(await visitor.submit(await ask(), {}))).not.toBeNull();
    const refused = await visitor.submit(await ask(), {});
    expect([refused.status, refused.text.includes('déjà été changé 3 fois')]).toEqual([400, true]);
    world.advance(25 * 3_600_000);
    await signedIn();
    expect(shown(await visitor.submit(await ask(), {}))).not.toBeNull();
    const { id } = await found(world.deps, child.identifier);
    await updateAccount(world.deps.db, id, { frozenAt: world.deps.clock.now() }, world.deps.clock.now());
    expect((await ask()).text).toContain('est bloqué');
  });

  test('20 at once: one password, told once, which is the one that works', async () => {
    const child = await atCollege();
    await signedIn();
    const form = await ask();
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.submit(form, {})));
    const told = answers.flatMap((answer) => shown(answer) ?? []);
    expect(told).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
    expect(openProvisional(world.deps, await found(world.deps, child.identifier))).toBe(told[0]);
  });
});
