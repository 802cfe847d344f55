import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Account } from '../../src/accounts/types.ts';
import { issueLink } from '../../src/codes/links.ts';
import { freezeByLink, objectToAddress } from '../../src/enrolment/freeze.ts';
import { recoverByLink } from '../../src/enrolment/recovered-password.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { CHOSEN, signIn } from '../support/sign-in.ts';
import { createVisitor } from '../support/visitor.ts';
import {
  authorizePath,
  codeOf,
  startService,
  startWorld,
  type TestService,
  type TestWorld,
} from '../support/world.ts';

/** Whatever ends the sessions of an account from outside them: its services are told (decision 9). */

const FROM = { ip: '192.0.2.7' };
let database: TestDatabase;
let world: TestWorld;
let service: TestService;
let account: Account;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  service = await startService(world.deps, 'lsu', 'openid');
});
afterAll(async () => {
  await service?.close();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  account = await seedActivated(world.deps, { identifier: `s.ouvert${count}` }, CHOSEN);
  const visitor = createVisitor(world.app.url);
  const page = await visitor.get(authorizePath(service, { scope: 'openid' }));
  const uid = new URL(page.url).pathname.split('/')[2] ?? '';
  expect(
    codeOf(await signIn(visitor, uid, { identifier: account.identifier, password: CHOSEN })),
  ).not.toBeNull();
});

const told = () => database.db('logout_notices').where({ account_id: account.publicId }).pluck('client_id');

async function linkTo(purpose: 'not-me' | 'object' | 'recover'): Promise<string> {
  const { credentialsVersion } = account;
  const request = { purpose, accountId: account.id, email: account.email ?? '', credentialsVersion };
  const { token } = await database.db.transaction((trx) => issueLink(world.deps, trx, request));
  return token;
}

test('« Ce n’est pas moi »', async () => {
  expect(await freezeByLink(world.deps, await linkTo('not-me'), FROM)).toEqual({ ok: true });
  expect(await told()).toEqual([service.clientId]);
});

test('the former address that objects', async () => {
  expect(await objectToAddress(world.deps, await linkTo('object'), FROM)).toEqual({ ok: true });
  expect(await told()).toEqual([service.clientId]);
});

test('« Mot de passe oublié »', async () => {
  const form = { password: 'lampe6rouge', confirmation: 'lampe6rouge', ...FROM };
  expect(await recoverByLink(world.deps, await linkTo('recover'), form)).toMatchObject({ ok: true });
  expect(await told()).toEqual([service.clientId]);
});

test('a reset by the school', async () => {
  const [schoolId] = await database
    .db('pupils as p')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .where('g.account_id', account.id)
    .pluck('p.school_id');
  const actor = { actorKind: 'school', actor: 'director' } as const;
  const request = { schoolId, accountIds: [account.id], formKey: null, actor };
  expect(await resetPasswords(world.deps, request)).toMatchObject({ ok: true });
  expect(await told()).toEqual([service.clientId]);
});
