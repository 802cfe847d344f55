import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeBrowser, newPage } from '../support/browser.ts';
import { type Gallery, startGallery } from '../support/page-gallery.ts';

let gallery: Gallery;
beforeAll(async () => {
  gallery = await startGallery();
});
afterAll(async () => {
  await closeBrowser();
  await gallery?.close();
});

test('the password can be shown and hidden again, in French', async () => {
  const page = await newPage();
  await page.goto(`${gallery.origin}/etat/login-guardian`);
  const password = page.getByLabel('Mot de passe', { exact: true });
  await password.fill('motdepasse1');
  await page.getByText('Afficher', { exact: true }).click();
  expect(await password.getAttribute('type')).toBe('text');
  expect(await page.locator('[aria-live]').textContent()).toBe('Votre mot de passe est visible.');
  await page.getByText('Masquer', { exact: true }).click();
  expect(await password.getAttribute('type')).toBe('password');
  await page.close();
});

test('without script there is no button that does nothing', async () => {
  const page = await newPage({ javaScriptEnabled: false });
  await page.goto(`${gallery.origin}/etat/login-guardian`);
  expect(await page.getByText('Afficher', { exact: true }).isVisible()).toBe(false);
  expect(await page.getByRole('button').allTextContents()).toHaveLength(2);
  await page.close();
});

test('the keyboard alone: first the way past the header, then an error leads to its field', async () => {
  const page = await newPage({ width: 360 });
  await page.goto(`${gallery.origin}/etat/birth-date`);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Aller au contenu');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('main-content');
  await page.goto(`${gallery.origin}/etat/birth-date-wrong`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.name')).toBe('day');
  await page.close();
});

test.each([
  ['the link has been opened elsewhere', 'done'],
  ['the sign-in went on in another tab', 'lost'],
])('the page that waits goes on by itself when %s', async (_why, status) => {
  gallery.status = 'activation';
  const page = await newPage();
  await page.clock.install();
  await page.goto(`${gallery.origin}/etat/activation-waiting`);
  const asked = () => page.watched.requests().filter((address) => address.endsWith('/etat.json')).length;
  const first = page.waitForResponse(/etat\.json/);
  await page.clock.fastForward(4_500);
  await (await first).finished();
  expect(asked()).toBe(1);
  expect(page.url()).toMatch(/activation-waiting$/);

  gallery.status = status;
  // The next question is set once the answer has been read; afterwards the clock is that of the page it went to.
  const moved = page.waitForURL(/\/interaction\/x$/);
  await expect(
    untilTrue(
      () => asked() >= 2,
      () => page.clock.fastForward(4_500),
    ),
  ).resolves.toBe(true);
  await moved;
  await page.close();
});

/** Pushes until the condition holds; false after 50 pushes. */
async function untilTrue(condition: () => boolean, push: () => Promise<void>): Promise<boolean> {
  for (let times = 0; times < 50 && !condition(); times += 1) await push();
  return condition();
}
