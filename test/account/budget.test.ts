import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { recordAudit } from '../../src/audit/record.ts';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';

/** A page asks as many statements whether an account has one child and one session, or nine and a long history. */

let database: TestDatabase;
let world: TestWorld;
const visitors: Record<'small' | 'large', Visitor[]> = { small: [], large: [] };

const child = (number: number) => ({
  givenName: `Enfant${number}`,
  familyName: 'ZOUMN',
  birthDate: `2016-03-${String(number + 1).padStart(2, '0')}`,
});

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  await signIn('small', { sessions: 1, children: 1, lines: 1 });
  await signIn('large', { sessions: 8, children: 9, lines: 3000 });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

async function signIn(
  size: 'small' | 'large',
  { sessions, children, lines }: { sessions: number; children: number; lines: number },
): Promise<void> {
  const identifier = `b.${size}`;
  const family = { identifier, children: Array.from({ length: children }, (_, number) => child(number)) };
  const { id } = await seedActivated(world.deps, family, CHOSEN);
  const now = world.deps.clock.now().getTime();
  const trail = Array.from({ length: lines }, (_, number) => ({
    at: new Date(now - number * 60_000),
    event: 'change-address',
    outcome: 'done' as const,
    actorKind: 'person' as const,
    accountId: id,
  }));
  await recordAudit(world.deps.db, ...trail);
  for (let number = 0; number < sessions; number += 1) {
    const visitor = createVisitor(world.app.url);
    visitors[size].push(visitor);
    await typePassword(visitor, await visitor.get('/'), { identifier });
    for (const service of [world.ent, world.lsu]) await visitor.get(authorizePath(service));
  }
}

async function counted(size: 'small' | 'large', path: string): Promise<string[]> {
  const [visitor] = visitors[size];
  if (!visitor) throw new Error('nobody');
  const { statements, stop } = countStatements(world.deps.db);
  const answer = await visitor.send(path);
  stop();
  expect(answer.status).toBe(200);
  return statements;
}

test.each([
  ['/', 5],
  ['/compte/mot-de-passe', 1],
  ['/compte/historique', 3],
  ['/compte/historique?page=2', 3],
  ['/compte/sessions', 3],
  ['/compte/donnees', 1],
])('%s takes at most %i statements, the session included, whatever there is', async (path, most) => {
  const small = await counted('small', path);
  const large = await counted('large', path);
  expect(large.length).toBe(small.length);
  expect(large.length).toBeLessThanOrEqual(most);
});

test('a page of the history is read out of the index in its order, and no more of it than the page', async () => {
  const [sql = ''] = (await counted('large', '/compte/historique')).filter((it) =>
    it.includes('audit_events'),
  );
  const [rows] = await database.db.raw(`EXPLAIN ${sql.replace(/\?/g, '26')}`);
  const [inner] = (rows as { key: string | null; Extra: string | null; table: string }[]).filter(
    ({ table }) => table === 'audit_events',
  );
  expect(inner?.key).toBe('audit_events_account');
  expect(inner?.Extra ?? '').not.toContain('filesort');
});
