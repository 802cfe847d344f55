import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { auditCommand } from '../../src/jobs/audit-cli.ts';
import { clientCommand, keysCommand } from '../../src/provider/cli.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedFamily } from '../support/family.ts';
import { PROVISIONAL, seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { createVisitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

/** Group N, asked by the command as whoever runs the service asks it. */

let database: TestDatabase;
let world: StaffWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => database.db('audit_events').delete());

async function audit(...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await auditCommand(world.app.deps, argv, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}
const eventsNow = () =>
  database.db('audit_events').orderBy('id').select('event', 'outcome', 'actor_kind', 'details');
const io = { out: () => {}, err: () => {} };

describe('N03: audit --password-of', () => {
  test('says who saw the provisional password, when and by which act, and which of them was about the present one', async () => {
    const { deps } = world.app;
    await seedSchool(deps, STAFF_SCHOOLS.college.uai, {
      guardians: [{ givenName: 'Nora', familyName: 'ABEL', identifier: 'n.vue', as: 'notified' }],
      pupils: [{ givenName: 'Zoé', familyName: 'ABEL', class: '6A', mef: ['1001', '6EME'], of: ['n.vue'] }],
    });
    const visitor = createVisitor(world.app.url);
    await signInStaff(world, visitor, 'adjoint');
    const { id, public_id: publicId } = await database.db('accounts').where({ identifier: 'n.vue' }).first();
    const before = new Date(deps.clock.now().getTime() - 86_400_000);
    await database.db('audit_events').insert({
      at: before,
      event: 'print-letter',
      outcome: 'done',
      actor_kind: 'school',
      actor: 'staff:gone',
      account_id: id,
    });
    const page = await visitor.get(`/admin/etablissements/${STAFF_SCHOOLS.college.uai}/comptes/${publicId}`);
    expect(page.text).toContain(PROVISIONAL);

    const told = await audit('--password-of', 'n.vue');
    const [, seen = '', printed = ''] = told.out.split('\n');
    expect(seen).toMatch(
      /^\* .* {2}shown on the screen {2}by school staff:\S+ \(.+\) {2}school \w{8} {2}from /,
    );
    expect(printed).toMatch(/^ {2}\d.* {2}printed in a letter {2}by school staff:gone/);
    expect(told.out).not.toContain(PROVISIONAL);
    const { told: lines } = JSON.parse((await audit('--password-of', 'n.vue', '--json')).out);
    expect(lines.map(({ event, present }: { event: string; present: boolean }) => [event, present])).toEqual([
      ['show-password', true],
      ['print-letter', false],
    ]);
    expect((await audit('--school', STAFF_SCHOOLS.college.uai, '--event', 'show-password')).out).toContain(
      'n.vue',
    );
    expect((await audit('--account', 'n.vue', '--since', '2027-01-01')).out).toBe('');
  });

  test('unknown accounts and schools are refused, wrong options are wrong usage', async () => {
    const codes = [];
    expect((await audit('--limit', '0')).err).toContain('--limit is a number from 1 to');
    for (const argv of [
      ['--password-of', 'nobody'],
      ['--account', 'nobody'],
      ['--school', '0000000X'],
      ['--since', 'yesterday'],
      ['--limit', '0'],
      ['verify', '--limit', '3'],
      ['--password-of', 'a', '--event', 'login'],
      ['verify'],
    ])
      codes.push((await audit(...argv)).code);
    expect(codes).toEqual([1, 1, 1, 2, 2, 2, 2, 0]);
  });

  test('N02: what somebody put into a line makes no second one on the terminal', async () => {
    await database.db('audit_events').insert({
      at: new Date(),
      event: 'import',
      outcome: 'refused',
      actor_kind: 'system',
      details: 'x\r\n2026 login done\u001b[2J',
    });
    const { out } = await audit('--event', 'import');
    expect(out.split('\n')).toHaveLength(1);
    expect(out).toContain('[x\\u000d\\u000a2026 login done\\u001b[2J]');
  });
});

describe('N01: a line for', () => {
  test('a wrong password, and the one that locks, whether anybody has the identifier or not', async () => {
    const families = await startWorld(database);
    await seedFamily(families.deps, { identifier: 'g.verrou', provisional: 'GVKJ7PPE23' });
    for (const identifier of ['g.verrou', 'g.inconnu']) {
      await database.db('audit_events').delete();
      for (let n = 0; n < 6; n += 1) {
        const visitor = createVisitor(families.app.url);
        await typePassword(visitor, await visitor.get('/'), { identifier, password: 'faux4faux' });
      }
      const lines = await eventsNow();
      expect(lines.map(({ event }) => event)).toEqual(['login', 'login', 'login', 'login', 'login', 'lock']);
      expect(lines[5]).toMatchObject({ outcome: 'refused', details: 'from this network' });
    }
    await families.close();
  });

  test('clients and keys that were changed by command', async () => {
    const { deps } = world.app;
    const client = (...argv: string[]) => clientCommand(deps, argv, io);
    await client('add', '--name', 'X', '--redirect-uri', 'https://x.example/cb', '--scope', 'openid');
    const { client_id: id } = await database.db('oidc_clients').where({ name: 'X' }).first('client_id');
    await client('update', id, '--name', 'Y');
    await client('rotate-secret', id);
    await client('rotate-secret', id, '--end-old');
    await client('service', id, '--school', STAFF_SCHOOLS.college.uai);
    await client('service', 'nobody', '--school', 'all');
    await client('remove', id);
    await keysCommand(deps, ['rotate', '--leaked'], io);
    const lines = await eventsNow();
    expect(
      lines.map(({ event, details }) =>
        `${event} ${details}`.replace(id, 'ID').replace(/ [\w-]{43}/, ' KID'),
      ),
    ).toEqual([
      'client-added ID',
      'client-changed ID name',
      'client-secret ID old one good for 7 days',
      'client-secret ID old one ended',
      `client-service ID on ${STAFF_SCHOOLS.college.uai}`,
      'client-removed ID',
      'keys-rotated RS256 KID, the others withdrawn',
      'keys-rotated ES256 KID, the others withdrawn',
      'keys-rotated EdDSA KID, the others withdrawn',
    ]);
    expect(lines.every(({ actor_kind }) => actor_kind === 'operator')).toBe(true);
  });
});
