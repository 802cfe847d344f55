import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateProvisionals } from '../../src/accounts/store.ts';
import { reportWrongAttachments } from '../../src/accounts/wrong-attachments.ts';
import { recordAudit } from '../../src/audit/record.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { pupilsOfAccount } from '../../src/directory/store.ts';
import { type FailedWhat, recordFailedCheck } from '../../src/enrolment/failed-checks.ts';
import { night } from '../imports/nights.ts';
import type { AafFeed, AafGuardian, AafPupil } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, createTestSms, type TestDeps } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

const DAY_MS = 86_400_000;
const HERE = '319911';
const ELSEWHERE = '319999';
const at = (page: string) => `/admin/etablissements/${STAFF_SCHOOLS.one.uai}/${page}`;

let database: TestDatabase;
let world: StaffWorld;
let deps: TestDeps;
let visitor: Visitor;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database, { parts: { sms: createTestSms() } });
  deps = world.app.deps;
  // Accounts are made while the pupils are in a class, which some lose then (R-005a).
  const before = feed();
  await night(deps, { ...before, pupils: before.pupils.map(({ className: _, ...one }) => one) });
  await night(deps, feed());
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
/** Signs in anew: sessions end when a test moves the time. */
async function enter(): Promise<void> {
  visitor = createVisitor(world.app.url);
  await signInStaff(world, visitor, 'directeur');
}
beforeEach(enter);

const mobile = (number: number) =>
  `06 39 98 ${String(number)
    .padStart(4, '0')
    .replace(/(..)(..)/, '$1 $2')}`;
const guardian = (id: string, familyName: string, givenName: string, more: Partial<AafGuardian> = {}) => ({
  id,
  familyName,
  givenName,
  ...more,
});
const pupil = (
  id: string,
  givenName: string,
  guardians: string[],
  more: Partial<AafPupil> = {},
): AafPupil => ({
  id,
  school: HERE,
  familyName: 'ENFANT',
  givenName,
  guardians: guardians.map((one) => ({ guardian: one })),
  ...more,
});

/** One of each kind at our school, and the same kinds at another, where each name begins with AILLEURS. */
function feed(changes: Record<string, Partial<AafGuardian>> = {}): AafFeed {
  const guardians = [
    guardian('11', 'ZOUMN', 'Guillaume', { mobile: mobile(101), email: 'g.zoumn@example.org', title: 'M.' }),
    guardian('12', 'TENOB', 'Valérie', { email: 'v.tenob@example.org' }),
    guardian('13', 'COSAMS', 'Abdelkader', { mobile: '05 61 00 00 01' }),
    guardian('14', 'MARCHAND', 'Aurélie', { mobile: mobile(105), title: 'Mme' }),
    guardian('15', 'MARCHAND', 'Julien', { mobile: mobile(105), title: 'M.' }),
    guardian('16', 'DOUBLE', 'Paul', { mobile: mobile(106), title: 'M.' }),
    guardian('17', 'Double', 'Paul-Henri', { mobile: mobile(107), title: 'M.' }),
    guardian('18', 'Double', 'Paul', { mobile: mobile(108), title: 'M.' }),
    guardian('19', '=FORMULE', "'Apostrophe", { title: 'M.' }),
    guardian('81', 'AILLEURS', 'Sans', {}),
    guardian('82', 'AILLEURS', 'Partage', { mobile: mobile(101) }),
    guardian('83', 'AILLEURS', 'Fixe', { mobile: '05 61 00 00 02' }),
  ].map((one) => ({ ...one, ...changes[one.id] }));
  const elsewhere = { school: ELSEWHERE, familyName: 'AILLEURS' };
  return {
    degree: 1,
    academy: '16',
    schools: [
      { id: HERE, uai: STAFF_SCHOOLS.one.uai, name: STAFF_SCHOOLS.one.name, academy: '16' },
      { id: ELSEWHERE, uai: STAFF_SCHOOLS.foreign.uai, name: STAFF_SCHOOLS.foreign.name, academy: '16' },
    ],
    pupils: [
      pupil('1', 'Lucie', ['11']),
      pupil('2', 'Éloi', ['12']),
      pupil('3', 'Ana', ['13', '19'], { className: null }),
      pupil('4', 'Sans-Ine', [], { ine: null }),
      pupil('5', 'Romane', ['14', '15']),
      pupil('6', 'Un', ['16', '17']),
      pupil('7', 'Deux', ['18']),
      pupil('91', 'Sans-Ine', ['81'], { ...elsewhere, ine: null }),
      pupil('92', 'Tous', ['81', '82', '83'], { ...elsewhere, className: null }),
    ],
    guardians,
  };
}

const account = (identifier: string) => found(deps, identifier);
async function fail(identifier: string, failed: FailedWhat): Promise<void> {
  const { id } = await account(identifier);
  await recordFailedCheck(database.db, deps, { accountIds: [id], way: 'sms', failed });
}
/** The text of a page as people read it. */
const read = ({ text }: Answer) =>
  text
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/[\s\u00a0]+/g, ' ');
async function page(path: string): Promise<string> {
  const answer = await visitor.get(at(path));
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain('AILLEURS');
  return read(answer);
}

describe('« Familles en difficulté »', () => {
  test('who failed lately, with the reason, then who has no way in; another school is never shown', async () => {
    await fail('g.zoumn', 'mobile');
    deps.clock.advance(60_000);
    await fail('a.marchand', 'birth-date');
    await fail('p.ailleurs', 'name');
    const text = await page('familles');
    expect(text).toContain('Tous 5 Un essai a échoué 2 Aucun moyen de se connecter 3');
    const order = ['MARCHAND Aurélie', 'ZOUMN Guillaume', '=FORMULE', 'COSAMS Abdelkader', 'TENOB Valérie'];
    expect(order.map((name) => text.indexOf(`${name} `)).every((place) => place > 0)).toBe(true);
    expect([...order].sort((a, b) => text.indexOf(a) - text.indexOf(b))).toEqual(order);
    expect(text).toContain('le nom est bien celui de la fiche, mais pas le numéro de mobile saisi.');
    expect(text).toContain(
      "Rien n'a changé depuis. Comparez le numéro avec la famille. À corriger dans ONDE.",
    );
    expect(text).toContain("Le numéro 05 61 00 00 01 n'est pas un mobile.");
    expect(text).toContain("Le compte n'a pas été distribué.");
    expect(text).toContain('Données de ONDE du 3 novembre 2026.');
    const failed = await page('familles?motif=echec');
    expect(failed).toContain('ZOUMN Guillaume');
    expect(failed).not.toContain('TENOB Valérie');
    const stuck = await page('familles?motif=bloque');
    expect(stuck).not.toContain('ZOUMN Guillaume');
    expect(stuck).toContain('TENOB Valérie');
  });

  test('the correction of the night is told, and whoever gets in is gone from the list', async () => {
    deps.clock.advance(DAY_MS);
    await night(deps, feed({ '11': { mobile: mobile(111) } }));
    await enter();
    const text = await page('familles?motif=echec');
    expect(text).toContain('La correction est arrivée le 23 novembre 2026 : la famille peut réessayer.');
    const { id } = await account('g.zoumn');
    deps.clock.advance(60_000);
    const now = deps.clock.now();
    await database
      .db('accounts')
      .where({ id })
      .update({ state: 'activated', origin: 'guardian', activated_at: now, last_login_at: now });
    expect(await page('familles')).not.toContain('ZOUMN Guillaume');
    await database
      .db('accounts')
      .where({ id })
      .update({ state: 'not_notified', origin: 'none', activated_at: null, last_login_at: null });
  });

  test('the links to the help tell how much waits', async () => {
    const home = read(await visitor.get('/admin'));
    expect(home).toContain('Aider les familles');
    expect(home).toContain('Familles en difficulté 2 responsable(s) dont un essai a échoué');
  });
});

describe('« Qualité des données »', () => {
  test('counts of all kinds', async () => {
    const text = await page('qualite');
    expect(text).toContain(
      'Élèves (7) Sans INE 1 Sans classe 1 Sans date de naissance 0 Sans responsable légal 1',
    );
    expect(text).toContain(
      'Responsables (9) Sans téléphone mobile 2 Numéro impossible 1 Numéro partagé 2 Sans adresse mail 7 Enregistrés plusieurs fois 2',
    );
  });

  test.each([
    ['no-ine', ['ENFANT Sans-Ine']],
    ['no-class', ['ENFANT Ana']],
    ['no-guardian', ['ENFANT Sans-Ine']],
    ['no-mobile', ['=FORMULE', 'TENOB Valérie']],
    ['bad-mobile', ['COSAMS Abdelkader', "Ce n'est pas un mobile"]],
    ['shared-mobile', ['MARCHAND Aurélie', 'Aussi celui de MARCHAND Julien']],
    ['no-email', ['MARCHAND Aurélie', 'COSAMS Abdelkader']],
    ['several', ['DOUBLE Paul', 'Double Paul']],
  ])('%s', async (list, texts) => {
    const text = await page(`qualite?liste=${list}`);
    for (const part of texts) expect(text).toContain(part);
    if (list === 'several') expect(text).not.toContain('Paul-Henri');
  });

  test('a number shared with somebody of another school is told without his name', async () => {
    await night(deps, feed());
    const text = await page('qualite?liste=shared-mobile');
    expect(text).toContain('ZOUMN Guillaume');
    expect(text).toContain('Aussi dans un autre établissement (autres noms : 1)');
  });

  test('a number that hundreds have hides nobody behind another number', async () => {
    await night(deps, feed());
    const { db } = database;
    const placeholder = await db('guardian_references').where({ family_name: 'MARCHAND' }).first('mobile');
    const now = deps.clock.now();
    const crowd = Array.from({ length: 230 }, (_, n) => ({
      academy_code: '16',
      degree: 1,
      source_id: `crowd${n}`,
      given_name: 'Foule',
      family_name: `Ailleurs ${n}`,
      search_name: `Ailleurs ${n} Foule`,
      mobile: placeholder?.mobile,
      created_at: now,
      updated_at: now,
    }));
    await db.batchInsert('guardian_references', crowd);
    const text = await page('qualite?liste=shared-mobile');
    await db('guardian_references').where('source_id', 'like', 'crowd%').delete();
    expect(text).toContain('MARCHAND Aurélie');
    expect(text).toMatch(/ZOUMN Guillaume .*Aussi dans un autre établissement \(autres noms : 1\)/);
  });

  test('as a file: mark, semicolons, CRLF, no formula, names as they are, with its line in the journal (H02)', async () => {
    const answer = await visitor.get(at('qualite.csv?liste=no-mobile'));
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(answer.headers['content-disposition']).toMatch(
      /^attachment; filename="Educonnect-Qualite-no-mobile-\d{14}\.csv"$/,
    );
    expect(answer.text).toBe(
      '\ufeffNom du responsable;Prénom du responsable;Identifiant;Téléphone mobile;Partagé avec;Élèves\r\n' +
        "'=FORMULE;'Apostrophe;a.formule;;;ENFANT Ana\r\n" +
        'TENOB;Valérie;v.tenob;;;ENFANT Éloi\r\n',
    );
    const line = await database
      .db('audit_events')
      .where({ event: 'export-data' })
      .orderBy('id', 'desc')
      .first();
    expect(line).toMatchObject({ actor: 'staff:directeur', outcome: 'done', details: 'no-mobile, 2 lines' });
    expect((await visitor.get(at('qualite.csv?liste=x'))).status).toBe(404);
    const pupils = await visitor.get(at('qualite.csv?liste=no-ine'));
    expect(pupils.text).toBe(
      "\ufeffNom de l'élève;Prénom de l'élève;Classe de l'élève\r\nENFANT;Sans-Ine;A\r\n",
    );
  });
});

describe('« Relance »', () => {
  async function notify(identifier: string, daysAgo: number): Promise<void> {
    const { id, publicId } = await account(identifier);
    const made = new Date(deps.clock.now().getTime() - daysAgo * DAY_MS);
    const state = { state: 'notified', origin: 'school', distributedAt: made } as const;
    await updateProvisionals(
      deps.db,
      [{ id, sealed: sealProvisional(deps, publicId, 'ABCDEFGH23') }],
      state,
      made,
    );
  }

  test('who expires within 15 days, who has expired, who has not followed the link', async () => {
    await notify('v.tenob', 80);
    await notify('a.cosams', 100);
    await notify('j.marchand', 10);
    await notify('s.ailleurs', 80);
    const { id } = await account('a.marchand');
    await database
      .db('accounts')
      .where({ id })
      .update({ state: 'activating', origin: 'school', password_kind: 'personal', password_hash: 'x' });
    const expiring = await page('relance');
    expect(expiring).toContain(
      "Expire dans les 15 jours 1 Expiré sans avoir été activé 1 Lien d'activation non suivi 1",
    );
    expect(expiring).toContain('TENOB Valérie');
    expect(expiring).not.toContain('MARCHAND');
    const expired = await page('relance?groupe=expires');
    expect(expired).toContain('COSAMS Abdelkader');
    expect(expired).not.toContain('TENOB');
    const activating = await page('relance?groupe=activation');
    expect(activating).toContain('MARCHAND Aurélie');
    expect(activating).toContain('Aucun lien en cours');
    expect(activating).toContain("Renvoyer un courriel d'activation");
  });

  test('one click leads to the confirmation of the accounts ticked, which are all', async () => {
    const shown = await visitor.get(at('relance?groupe=bientot'));
    const { action, hidden } = readForm(shown, '/responsables/confirmer');
    const ticked = Array.from(shown.text.matchAll(/name="account" value="([^"]+)" checked/g), ([, id]) => id);
    expect(ticked).toEqual([(await account('v.tenob')).publicId]);
    const body = new URLSearchParams({ ...hidden, account: ticked[0] ?? '', action: 'sheet' }).toString();
    const confirmation = await visitor.send(action, postOf(body));
    expect(confirmation.status).toBe(200);
    expect(read(confirmation)).toContain('Êtes-vous sûr de vouloir notifier le(s) compte(s)');
    expect(confirmation.text).toContain(ticked[0]);
    // « Annuler » leads to the same people in the list.
    expect(confirmation.text).toContain(
      `/responsables?q=&amp;state=notified&amp;expires=15&amp;account=${ticked[0]}"`,
    );

    const done = await visitor.submit(confirmation, {}, '/responsables/notifier');
    expect(done.status).toBe(200);
    await visitor.get(at(`comptes/${ticked[0]}`));
    const told = await page(`journal?compte=${ticked[0]}`);
    expect(told).toMatch(/A distribué le compte \(feuille\).*A affiché le mot de passe/);
    expect(await page('relance?groupe=bientot')).not.toContain('TENOB');
  });
});

describe('« Rattachements erronés »', () => {
  const signal = async (identifier: string) => {
    const { id: accountId } = await account(identifier);
    const { id: referenceId } = await database
      .db('guardian_references')
      .where({ account_id: accountId })
      .first();
    const link = await database.db('legal_links').where({ guardian_reference_id: referenceId }).first();
    const attachment = { referenceId, pupilId: link.pupil_id, accountId };
    await inTransaction(database.db, (trx) =>
      reportWrongAttachments(trx, [attachment], { now: deps.clock.now(), actor: { actorKind: 'person' } }),
    );
    return attachment;
  };
  const decide = async (decision: string, attachment: string): Promise<Answer> => {
    const shown = await visitor.get(at('rattachements?etat=clos'));
    const { hidden } = readForm(shown, '/deconnexion');
    const body = new URLSearchParams({ ...hidden, attachment, decision }).toString();
    return visitor.send(at('rattachements'), postOf(body));
  };
  const childrenOf = async (id: number) => (await pupilsOfAccount(database.db, id)).length;

  test('closed as right, as wrong, and opened again; who, when and what is told', async () => {
    const { referenceId, pupilId, accountId } = await signal('g.zoumn');
    await signal('f.ailleurs');
    const key = `${referenceId}-${pupilId}`;
    const open = await page('rattachements');
    expect(open).toContain('ZOUMN Guillaume : « Je ne suis pas le représentant légal de ENFANT Lucie »');
    expect(open).toContain('Le rattachement y est encore');
    expect(open).toContain('À traiter 1 Traités 0');
    expect(await childrenOf(accountId)).toBe(0);

    const kept = await decide('kept', key);
    expect(kept.status).toBe(303);
    expect(read(await visitor.get(kept.headers.location ?? ''))).toContain('apparaît de nouveau');
    expect(await childrenOf(accountId)).toBe(1);
    const closed = await page('rattachements?etat=clos');
    expect(closed).toMatch(/Traité le \d\d-11-2026, Paul DIRECTEUR Décision Le rattachement est exact/);

    expect((await decide('kept', key)).headers.location).toContain('fait=deja');
    await decide('reopen', key);
    expect(await childrenOf(accountId)).toBe(0);
    await decide('removed', key);
    expect(await childrenOf(accountId)).toBe(0);
    expect(await page('rattachements?etat=clos')).toContain('Décision Le rattachement est erroné');
    const lines = await database.db('audit_events').where('event', 'like', '%wrong-attachment').orderBy('id');
    expect(lines.slice(-3).map(({ event, details, actor }) => [event, details, actor])).toEqual([
      ['close-wrong-attachment', `pupil ${pupilId}, kept`, 'staff:directeur'],
      ['reopen-wrong-attachment', `pupil ${pupilId}`, 'staff:directeur'],
      ['close-wrong-attachment', `pupil ${pupilId}, removed`, 'staff:directeur'],
    ]);
  });

  test('those of another school answer 404 and stay as they are, as do ids that are none', async () => {
    const { referenceId, pupilId } = await signal('f.ailleurs');
    const before = await database.db('wrong_attachments').orderByRaw('1, 2');
    for (const key of [`${referenceId}-${pupilId}`, '1-999999', '1', '1-2-3', "1-'", ''])
      expect((await decide('kept', key)).status).toBe(404);
    expect((await decide('x', `${referenceId}-${pupilId}`)).status).toBe(404);
    expect(await database.db('wrong_attachments').orderByRaw('1, 2')).toEqual(before);
  });
});

describe('« Journal »', () => {
  const school = async (uai: string) => (await database.db('schools').where({ uai }).first()).id as number;
  async function act(event: string, identifiers: string[], more: object = {}): Promise<void> {
    deps.clock.advance(1000);
    const schoolId = await school(STAFF_SCHOOLS.one.uai);
    const ids = await Promise.all(identifiers.map(async (one) => (await account(one)).id));
    const line = {
      at: deps.clock.now(),
      event,
      outcome: 'done' as const,
      actorKind: 'school' as const,
      actor: 'staff:directeur',
      schoolId,
      ...more,
    };
    await recordAudit(database.db, ...ids.map((accountId) => ({ ...line, accountId })));
  }

  test('acts with who, what and when; many accounts are one line; nothing of another school', async () => {
    const foreign = await school(STAFF_SCHOOLS.foreign.uai);
    await act('notify', ['v.tenob', 'a.cosams', 'j.marchand'], { details: 'not_notified > notified, C01' });
    await act('show-password', ['v.tenob'], { actor: 'staff:inconnu' });
    await act('show-password', ['v.tenob'], { schoolId: foreign, actor: 'staff:etranger' });
    await act('reset', ['s.ailleurs'], { schoolId: foreign, actor: 'staff:etranger' });
    const text = await page('journal');
    expect(text).toMatch(/A distribué le compte \(feuille\) Personne Paul DIRECTEUR Compte\(s\) 3 comptes/);
    expect(text).toMatch(
      /A affiché le mot de passe Personne staff:inconnu Compte\(s\) TENOB Valérie \(v\.tenob\)/,
    );
    expect(text).not.toContain('etranger');
    expect(text).not.toContain('A réinitialisé');
  });

  test('by kind, by person, by account', async () => {
    const shown = await page('journal?acte=password');
    expect(shown).toContain('A affiché le mot de passe');
    expect(shown).not.toContain('A distribué');
    const by = await page(`journal?personne=${encodeURIComponent('staff:inconnu')}`);
    expect(by).toContain('A affiché le mot de passe');
    expect(by).not.toContain('A distribué');
    const of = await page('journal?identifiant=A.Cosams');
    expect(of).toContain('A distribué le compte');
    expect(of).not.toContain('A affiché le mot de passe');
    expect(await page('journal?acte=other')).not.toContain('A affiché');
  });

  test('who saw or printed this password', async () => {
    const { publicId } = await account('v.tenob');
    const text = await page(`journal?compte=${publicId}`);
    const told = text.slice(text.indexOf('Qui a vu'), text.indexOf('Date et heure'));
    expect(told).toContain('Qui a vu le mot de passe provisoire de TENOB Valérie ?');
    expect(told).toMatch(
      /Paul DIRECTEUR , .*A distribué le compte .*staff:inconnu , .*A affiché le mot de passe/,
    );
    expect(told).toContain('Autres établissements : 1 action(s)');
    expect(text).not.toContain('etranger');
  });

  test("another school's account is nobody's", async () => {
    const { publicId } = await account('s.ailleurs');
    expect((await visitor.get(at(`journal?compte=${publicId}`))).status).toBe(404);
    expect((await visitor.get(at(`journal?compte=${'x'.repeat(22)}`))).status).toBe(404);
    expect((await visitor.get(at("journal?compte='"))).status).toBe(404);
    const unknown = async (identifier: string) =>
      (await page(`journal?identifiant=${identifier}`)).replaceAll(identifier, 'x');
    expect(await unknown('s.ailleurs')).toBe(await unknown('n.existe-pas'));
  });

  test('by pages, and only as far back as asked', async () => {
    for (let count = 0; count < 55; count += 1) await act('print-letter', ['v.tenob']);
    const first = await page('journal?acte=print');
    expect(first).toContain('Page 1 sur 2 Suivant');
    const second = await page('journal?acte=print&page=2');
    expect(second.match(/A téléchargé le courrier/g)).toHaveLength(5);
    deps.clock.advance(40 * DAY_MS);
    await enter();
    expect(await page('journal')).toContain('Aucune action dans cette période.');
    expect(await page('journal?jours=90')).toContain('A téléchargé le courrier');
  });
});

describe('in the 2nd degree', () => {
  test('what is wrong is corrected in SIECLE; a class is no condition', async () => {
    const { uai, name } = STAFF_SCHOOLS.college;
    const where = { id: '319950', uai, name, academy: '16' };
    const child = pupil('71', 'Inès', ['71'], { school: where.id, className: null });
    await night(deps, {
      degree: 2,
      academy: '16',
      schools: [where],
      pupils: [child],
      guardians: [guardian('71', 'COLLÈGE', 'Marc', { mobile: '05 61 00 00 03' })],
    });
    const head = createVisitor(world.app.url);
    await signInStaff(world, head, 'principal');
    const show = async (path: string) => {
      const answer = await head.get(`/admin/etablissements/${uai}/${path}`);
      expect(answer.status).toBe(200);
      return read(answer);
    };
    const families = await show('familles');
    expect(families).toContain("Le numéro 05 61 00 00 03 n'est pas un mobile. À corriger dans SIECLE.");
    expect(families).toContain('Données de SIECLE du 3 novembre 2026.');
    expect(families).not.toContain('réparti dans une classe');
    expect(families).not.toContain('ONDE');
    expect(await show('qualite?liste=bad-mobile')).toContain('la fiche du responsable dans SIECLE');
    for (const path of ['relance', 'rattachements', 'journal'])
      expect(await show(path)).not.toContain('ONDE');
  });
});

describe('as many statements for many guardians as for one', () => {
  const PAGES = ['familles', 'qualite', 'qualite?liste=no-mobile', 'relance', 'rattachements', 'journal'];
  async function counts(): Promise<number[]> {
    const all: number[] = [];
    for (const one of PAGES) {
      const counted = countStatements(database.db);
      expect((await visitor.get(at(one))).status).toBe(200);
      counted.stop();
      all.push(counted.statements.length);
    }
    return all;
  }

  test('on every page', async () => {
    await fail('a.marchand', 'mobile');
    const before = await counts();
    const many = Array.from({ length: 120 }, (_, index) => String(1000 + index));
    const whole = feed();
    whole.pupils.push(...many.map((id) => pupil(id, `Enfant ${id}`, [id])));
    whole.guardians.push(
      ...many.map((id, index) =>
        guardian(id, `FAMILLE${id}`, 'Lou', index % 3 ? { mobile: mobile(300 + index) } : {}),
      ),
    );
    await night(deps, whole);
    for (const row of await database.db('accounts').where('family_name', 'like', 'FAMILLE%').limit(60))
      await recordFailedCheck(database.db, deps, { accountIds: [row.id], way: 'sms', failed: 'name' });
    expect(await counts()).toEqual(before);
    expect(Math.max(...before)).toBeLessThanOrEqual(20);
    expect(read(await visitor.get(at('familles?page=2')))).toContain('Page 2 sur');
    expect((await visitor.get(at('familles?page=99999'))).status).toBe(200);
  });
});
