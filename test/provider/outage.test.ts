import { expect, test } from '@jest/globals';
import { createTestDatabase } from '../support/database.ts';
import {
  authorizationUrl,
  authorize,
  Browser,
  exchange,
  seedAccount,
  seedService,
  signIn,
  startInstance,
  userinfo,
} from './harness.ts';

test('J03: no connection to be had is 503, in JSON for services and as a page for visitors, and passes by itself', async () => {
  const database = await createTestDatabase({ pool: 1, acquireTimeoutMs: 300 });
  const instance = await startInstance(database);
  try {
    const service = await seedService(instance.deps, 'ENT', { scope: 'openid' });
    const person = await seedAccount(database);
    const browser = new Browser(instance);
    const tokens = await signIn(browser, { service, scope: 'openid' }, person);
    const { callback, started } = await authorize(browser, { service, scope: 'openid' });
    const code = callback.searchParams.get('code') as string;
    const next = await authorizationUrl(instance, { service, scope: 'openid' });

    const holder = await database.db.transaction();
    const refused = await exchange(instance, service, code, started.verifier);
    expect([refused.status, await refused.json()]).toEqual([503, { error: 'temporarily_unavailable' }]);
    expect(refused.headers.get('retry-after')).toBeTruthy();
    expect((await userinfo(instance, tokens.access_token)).status).toBe(503);
    const page = await browser.fetch(next.url);
    expect([page.status, page.headers.get('location')]).toEqual([503, null]);
    expect(page.headers.getSetCookie()).toEqual([]);
    expect(await page.text()).toContain('EC-503-DB');
    await holder.rollback();

    // Nothing was spent by what failed.
    expect((await exchange(instance, service, code, started.verifier)).status).toBe(200);
    expect((await browser.fetch(next.url)).status).toBe(303);
  } finally {
    await instance.close();
    await database.drop();
  }
});
