import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { accessibilityViolations, closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found, seedFamily } from '../support/family.ts';
import { CHOSEN, linksSent, PROVISIONAL } from '../support/sign-in.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

let database: TestDatabase;
let world: TestWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
});
afterAll(async () => {
  await closeBrowser();
  await world?.close();
  await database?.drop();
});

/** Right to left, on 320 pixels, and clean. */
async function looksRight(page: TestPage): Promise<void> {
  expect(await page.locator('html').getAttribute('lang')).toBe('ar');
  expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  expect(await accessibilityViolations(page)).toEqual([]);
}
const button = (page: TestPage, name: string) => page.getByRole('button', { name, exact: true });
const field = (page: TestPage, name: string) => page.getByLabel(name, { exact: true });

test.each([
  ['with script', true],
  ['without script', false],
])('a first connection in Arabic at 320 pixels, %s', async (_how, javaScriptEnabled) => {
  const identifier = javaScriptEnabled ? 'a.arabe1' : 'a.arabe2';
  const email = `${identifier}@example.org`;
  const children = [{ givenName: 'Lucie', familyName: 'ZOUMN', birthDate: '2017-03-09' }];
  await seedFamily(world.deps, { identifier, provisional: PROVISIONAL, children });
  const page = await newPage({ width: 320, javaScriptEnabled });
  // axe needs the script of the page's own context.
  const check = javaScriptEnabled ? () => looksRight(page) : async () => {};

  await page.goto(`${world.ent.origin}/connexion`);
  await page.getByRole('link', { name: 'العربية' }).click();
  await page.getByRole('heading', { name: 'أختار صفتي' }).waitFor();
  await check();
  await button(page, 'ولي الأمر (الممثل القانوني)').click();
  await check();
  await field(page, 'اسم المستخدم').fill(identifier);
  await field(page, 'كلمة السر').fill('wrong-1234');
  await button(page, 'تسجيل الدخول').click();
  await page.getByRole('alert').getByText('اسم المستخدم أو كلمة السر غير صحيح').waitFor();
  await check();
  await field(page, 'كلمة السر').fill(PROVISIONAL);
  await button(page, 'تسجيل الدخول').click();

  await field(page, 'كلمة السر الجديدة').fill(CHOSEN);
  await field(page, 'تأكيد كلمة السر').fill(CHOSEN);
  await check();
  await button(page, 'تأكيد').click();

  // In the middle of it, into another language and back: the step is still the same.
  await page.getByRole('link', { name: 'Français' }).click();
  await page.getByRole('heading', { name: 'Indiquez votre adresse mail' }).waitFor();
  await page.getByRole('link', { name: 'العربية' }).click();
  await field(page, 'عنوان البريد الإلكتروني').fill(email);
  await check();
  await button(page, 'تأكيد').click();

  const group = page.getByRole('group', { name: /Lucie ZOUMN/ });
  for (const [label, value] of [
    ['اليوم', '9'],
    ['الشهر', '3'],
    ['السنة', '2017'],
  ] as const)
    await group.getByLabel(label).fill(value);
  await check();
  await button(page, 'تأكيد').click();

  await page.getByRole('heading', { name: /افتح الرسالة/ }).waitFor();
  await check();
  const [link = ''] = await linksSent(world.deps, email);
  await page.goto(`${world.base}${link}`);
  await button(page, 'تفعيل حسابي').click();
  await page.getByRole('heading', { name: 'تم تفعيل حسابك' }).waitFor();
  await check();
  await page.getByRole('link', { name: 'متابعة' }).or(button(page, 'متابعة')).click();
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  expect(await found(world.deps, identifier)).toMatchObject({ state: 'activated', email, language: 'ar' });
  expect(page.watched.errors()).toEqual([]);

  await page.goto(world.base);
  await page.getByRole('heading', { name: 'حسابي', exact: true }).waitFor();
  await check();
  await page.close();
});
