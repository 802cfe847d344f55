import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { measureLogins, OPERATIONS, operationsTable, ratiosTable } from '../../bench/logins.ts';
import { openArena } from '../../bench/sides.ts';
import { hangUp } from '../../bench/visitor.ts';
import { createTestDatabase } from '../support/database.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('both sides do every operation, with children told at the full scopes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ec-arena-'));
  const env = { ARGON2_MEMORY_KIB: '1024' };
  const { db: sql, url, drop } = await createTestDatabase();
  const database = { sql, url, pid: process.pid, version: '', close: drop };
  const ports: [number, number] = [await freePort(), await freePort()];
  const arena = await openArena({ folder, ports, database, accounts: 20, rotate: true, env });
  try {
    const loop = { concurrency: [2], rounds: 1, seconds: 20, most: 2 };
    const settings = { scopes: ['full' as const], operations: [...OPERATIONS], ...loop };
    const samples = await measureLogins(arena, settings, () => {});
    expect(samples.flatMap(({ firstError }) => firstError ?? [])).toEqual([]);
    expect(samples).toHaveLength(OPERATIONS.length * 2);
    expect(operationsTable(samples).split('\n')).toHaveLength(2 + OPERATIONS.length * 2);
    expect(ratiosTable(samples)).toContain('| refresh ');
  } finally {
    hangUp();
    await arena.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 90_000);
