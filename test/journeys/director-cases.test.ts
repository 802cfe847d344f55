import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { sendDue } from '../../src/messages/send.ts';
import { type Cases, DAY_MS, type Family, startCases } from '../support/director-cases.ts';
import {
  activate,
  atEnt,
  button,
  choosePassword,
  firstConnection,
  fits,
  giveBirthDate,
  heading,
  letters,
  link,
  menu,
  notifyAccount,
  openAccount,
  openHelp,
  row,
  signIn,
} from '../support/director-steps.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const SHEET = 'Par feuille individuelle imprimable';
const MAILS = 'Par envoi de courriers électroniques';

let cases: Cases;
beforeAll(async () => {
  cases = await startCases();
  await cases.arrive(family('ANCIEN'));
});
afterAll(() => cases?.close());
afterEach(() => cases?.closePages());

const family = (familyName: string, more: Partial<Family> = {}): Family => ({
  familyName,
  children: [{ givenName: 'Lucie', birthDate: '09/03/2017' }],
  ...more,
});

/** When each line of the trail of an account was written, as the journal of a school in Toulouse shows it. */
async function momentsOf(familyName: string): Promise<string[]> {
  const { id } = await cases.account(familyName);
  const lines = await cases.database.db('audit_events').where({ account_id: id }).orderBy('id');
  const [day, time] = [{ dateStyle: 'short' }, { timeStyle: 'short' }] as const;
  return lines.map(({ at }) => {
    const written = (style: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat('fr-FR', { ...style, timeZone: 'Europe/Paris' }).format(at);
    // « 1 h 19 », as the pages write it.
    const hour = written(time)
      .replace(/^0(?=\d)/, '')
      .replace(':', ' h ');
    return `${written(day).replaceAll('/', '-')} ${hour}`;
  });
}

test('newcomers one by one: the night brings a pupil, his guardian alone gets a sheet, and gets in (R-157)', async () => {
  cases.advance(DAY_MS);
  await cases.arrive(family('NOUVEAU'));
  const page = await cases.enter();
  await link(page, 'Responsables').click();
  await page.getByLabel('Nom ou prénom').fill('nouveau');
  await menu(page, 'État(s) de compte').click();
  await page.getByLabel('Non notifié', { exact: true }).check();
  await button(page, 'Rechercher').click();
  await page.getByText('1 à 1 sur 1 élève(s)', { exact: true }).waitFor();
  await link(page, 'Consulter le compte de NOUVEAU Guillaume').click();
  await page.getByText('Non affiché : compte non notifié').waitFor();
  await notifyAccount(page, SHEET);
  await fits(page);
  const told = await letters(page);
  const { identifier } = await cases.account('NOUVEAU');
  const password = await cases.provisional('NOUVEAU');
  expect(told).toHaveLength(1);
  expect(told[0]?.text).toContain(`Identifiant : ${identifier} Mot de passe * : ${password}`);
  expect(await cases.account('NOUVEAU')).toMatchObject({ state: 'notified', origin: 'school' });
  expect(await cases.account('ANCIEN')).toMatchObject({ state: 'not_notified', distributedAt: null });
  await link(page, 'Revenir au compte').click();
  await page.getByText(password, { exact: true }).waitFor();

  const parent = await signIn(cases, identifier, password);
  await parent.getByLabel('Nouveau mot de passe', { exact: true }).waitFor();
});

test('the relaunch before the three months: who expires is notified in one click, who activates gets his mail (R-157)', async () => {
  const late = family('TARDIF', { email: 'tardif@example.org' });
  const stopped = family('ARRET', { email: 'arret@example.org' });
  await cases.arrive(late, stopped);
  const september = await cases.enter();
  for (const { familyName } of [late, stopped]) {
    await openAccount(september, familyName);
    await notifyAccount(september, MAILS);
  }
  const password = await cases.provisional('TARDIF');
  await (await firstConnection(cases, stopped, 'arret@example.org')).context().close();
  const first = await cases.lastLink('arret@example.org');

  cases.advance(80 * DAY_MS);
  const page = await cases.enter();
  await openHelp(page, 'Relance');
  await link(page, /^Expire dans les 15 jours/).click();
  await row(page, /TARDIF Guillaume/).waitFor();
  await fits(page);
  // Those that other cases have notified are as old.
  for (const box of await page.getByRole('checkbox', { name: /^Choisir (?!TARDIF)/ }).all())
    await box.uncheck();
  await button(page, MAILS).click();
  await page.getByText('1 compte(s) concerné(s)').waitFor();
  await button(page, 'Valider').click();
  await page.getByText('La distribution a été effectuée avec succès').waitFor();
  // The password that he may have kept is the one that he receives again, good for three months more.
  expect(await cases.lastMail('tardif@example.org')).toContain(`Mot de passe * : ${password}`);
  const { state, distributedAt } = await cases.account('TARDIF');
  expect(state).toBe('notified');
  expect(distributedAt?.getTime()).toBeGreaterThan(cases.now().getTime() - DAY_MS);

  await openHelp(page, 'Relance');
  await link(page, /^Lien d'activation non suivi/).click();
  const waiting = row(page, /ARRET Guillaume/);
  expect(await waiting.innerText()).toContain('(plus valable)');
  await fits(page);
  await waiting.getByRole('link', { name: /^Renvoyer un courriel d'activation/ }).click();
  expect(await page.getByLabel('Adresse mail :').inputValue()).toBe('arret@example.org');
  await button(page, 'Valider').click();
  await page.getByText('Le mail a été renvoyé.').waitFor();
  const again = await cases.lastLink('arret@example.org');
  expect(again).not.toBe(first);
  const parent = await cases.visit({ width: 360 });
  await activate(parent, again);
  expect(await cases.account('ARRET')).toMatchObject({ state: 'activated' });
  await openHelp(page, 'Relance');
  expect(await row(page, /TARDIF|ARRET/).count()).toBe(0);

  // Over the first three months, within those of the relaunch.
  cases.advance(30 * DAY_MS);
  const tardy = await signIn(cases, (await cases.account('TARDIF')).identifier, password);
  await tardy.getByLabel('Nouveau mot de passe', { exact: true }).waitFor();
});

test('« Je ne suis pas le représentant légal »: the director sees it, closes it as wrong, opens it again (R-079)', async () => {
  const children = [
    { givenName: 'Oscar', birthDate: '31/01/2016' },
    { givenName: 'Iris', birthDate: '14/05/2018' },
  ];
  await cases.arrive(family('MORVAN', { mobile: '06 39 98 06 01', children }));
  const parent = await cases.visit({ width: 360 });
  await parent.goto(`${cases.ent.origin}/connexion`);
  await button(parent, 'Représentant légal').click();
  await link(parent, 'Je crée un compte EduConnect').click();
  await parent.getByLabel('Nom', { exact: true }).fill('Morvan');
  await parent.getByLabel('Prénom', { exact: true }).fill('Guillaume');
  await parent.getByLabel('Numéro de téléphone portable', { exact: true }).fill('06 39 98 06 01');
  await button(parent, 'Valider').click();
  await heading(parent, 'Saisissez le code reçu par SMS').waitFor();
  await sendDue(cases.world.app.deps, { channel: 'sms', limit: 100 });
  const code = /\d{6}/.exec(cases.carrier.phones.at(-1)?.text ?? '')?.[0] ?? '';
  await parent.getByLabel('Code reçu par SMS', { exact: true }).fill(code);
  await button(parent, 'Valider').click();
  await giveBirthDate(parent, 'Oscar MORVAN', '31/01/2016');
  await parent
    .getByRole('group', { name: 'Iris MORVAN', exact: true })
    .getByRole('checkbox', { name: 'Je ne suis pas le représentant légal de cet élève', exact: true })
    .check();
  await button(parent, 'Valider').click();
  await choosePassword(parent);
  await atEnt(parent);
  expect(await parent.innerText('body')).toContain('Oscar');
  expect(await parent.innerText('body')).not.toContain('Iris');

  const page = await cases.enter();
  await openAccount(page, 'MORVAN');
  await page.getByText('Rattachement signalé comme erroné par le responsable').waitFor();
  await openHelp(page, 'Rattachements erronés');
  await heading(page, 'MORVAN Guillaume : « Je ne suis pas le représentant légal de MORVAN Iris »').waitFor();
  await fits(page);
  const kept = () => cases.database.db('wrong_attachments').first();
  await button(page, 'Le rattachement est erroné').click();
  await page.getByText("Le signalement est traité : l'élève n'apparaît plus dans ce compte.").waitFor();
  expect(await kept()).toMatchObject({ state: 'closed', outcome: 'removed', closed_by: 'staff:directeur' });
  await page.getByText("Aucun signalement n'est à traiter.").waitFor();

  await link(page, /^Traités/).click();
  await page.getByText(/^\d\d-\d\d-\d{4}, Paul DIRECTEUR$/).waitFor();
  await fits(page);
  await button(page, 'Rouvrir').click();
  await page.getByText("Le signalement est rouvert : l'élève n'apparaît plus dans ce compte.").waitFor();
  expect(await kept()).toMatchObject({ state: 'open', outcome: null, closed_at: null, closed_by: null });
  await link(page, /^À traiter/).click();
  await button(page, 'Le rattachement est exact').click();
  await page.getByText("Le signalement est traité : l'élève apparaît de nouveau dans ce compte.").waitFor();
  expect(await kept()).toMatchObject({ state: 'closed', outcome: 'kept' });
  expect((await cases.trail('MORVAN')).filter(([, actor]) => actor === 'staff:directeur')).toEqual([
    ['close-wrong-attachment', 'staff:directeur'],
    ['reopen-wrong-attachment', 'staff:directeur'],
    ['close-wrong-attachment', 'staff:directeur'],
  ]);
});

test('the journal: who notified, printed, saw this password, and when (N01)', async () => {
  await cases.arrive(family('TEMOIN'));
  const page = await cases.enter();
  await openAccount(page, 'TEMOIN');
  await notifyAccount(page, SHEET);
  cases.advance(120_000);
  await letters(page);
  cases.advance(120_000);
  // Another one, who is at the head of this school too.
  const other = await cases.enter('trois');
  await other.getByLabel('Choisir un établissement').selectOption({ index: 1 });
  await button(other, 'Valider').click();
  await openAccount(other, 'TEMOIN');
  await other.getByText(await cases.provisional('TEMOIN'), { exact: true }).waitFor();

  await openAccount(page, 'TEMOIN');
  await link(page, 'Qui a vu ou imprimé ce mot de passe ?').click();
  const answer = page.getByRole('region', {
    name: 'Qui a vu le mot de passe provisoire de TEMOIN Guillaume ?',
  });
  const told = await answer.getByRole('listitem').allInnerTexts();
  const [notified, printed, seen, seenAgain] = await momentsOf('TEMOIN');
  expect(told.map((text) => text.replaceAll('\u00a0', ' '))).toEqual([
    `Paul DIRECTEUR, ${notified} : A distribué le compte (feuille)`,
    `Paul DIRECTEUR, ${printed} : A téléchargé le courrier`,
    `Paul TROIS, ${seen} : A affiché le mot de passe`,
    `Paul DIRECTEUR, ${seenAgain} : A affiché le mot de passe`,
  ]);
  await fits(page);
  expect(await cases.trail('TEMOIN')).toEqual([
    ['notify', 'staff:directeur'],
    ['print-letter', 'staff:directeur'],
    ['show-password', 'staff:trois'],
    ['show-password', 'staff:directeur'],
  ]);

  await page.getByLabel('Personne').selectOption({ label: 'Paul TROIS' });
  await page.getByLabel("Type d'action").selectOption({ label: "Affichage d'un mot de passe" });
  await button(page, 'Rechercher').click();
  const lines = page.getByRole('table', { name: 'Journal' }).locator('tbody tr');
  expect(await lines.count()).toBe(1);
  expect(await lines.innerText()).toContain('TEMOIN Guillaume');
});
