import { openDatabase } from '../../db/database.ts';
import { eachHost } from '../../db/hosts.ts';
import { pendingMigrations } from '../../db/migrations.ts';
import { countByKey, sampleSealed } from '../reseal-store.ts';
import { ROOM_COLUMNS } from '../sealed-columns.ts';
import { migrationsApplied, privileges, serverFacts, signingSince, takesWrites } from './store.ts';
import { type Check, says } from './types.ts';

const OLDEST_MARIADB = [10, 11];
const OLDEST_MYSQL = [8, 0];
const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const TO_MIGRATE = ['CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES'];
/** Connections of a process for jobs and commands. */
const JOBS_POOL = 4;
const DAY_MS = 86_400_000;

export const database: Check = async ({ jobsDb, config, clock }) => {
  const say = says('database');
  const asked = clock.now().getTime();
  const facts = await serverFacts(jobsDb);
  const answered = clock.now().getTime();
  const [major = 0, minor = 0] = facts.version.split('.').map(Number);
  const [least = 0, less = 0] = /mariadb/i.test(facts.version) ? OLDEST_MARIADB : OLDEST_MYSQL;
  const found = [];
  if (major < least || (major === least && minor < less))
    found.push(say('fail', `${facts.version} is too old: MariaDB 10.11 or MySQL 8 and later`));
  if (facts.charset !== 'utf8mb4' || facts.collation !== 'utf8mb4_unicode_ci')
    found.push(
      say(
        'warn',
        `its default is ${facts.collation}: ALTER DATABASE ... CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      ),
    );
  if (!/^READ.COMMITTED$/i.test(facts.isolation))
    found.push(
      say('fail', `connections get ${facts.isolation}: something between us and the server sets it back`),
    );
  if (Number(facts.readOnly) !== 0) found.push(say('fail', 'the server takes no writes (read_only)'));
  const wanted = config.WEB_CONCURRENCY * (config.DATABASE_POOL + JOBS_POOL) + JOBS_POOL;
  if (Number(facts.maxConnections) < wanted)
    found.push(
      say(
        'warn',
        `max_connections is ${facts.maxConnections}; a server of ours and a command take ${wanted}`,
      ),
    );
  const at = facts.at.getTime();
  // Within the time that the question took there is nothing to say.
  const skew = Math.max(0, asked - at, at - answered) / 1000;
  if (skew > 2)
    found.push(
      say(
        skew > 15 ? 'fail' : 'warn',
        `its clock and ours differ by ${skew.toFixed(1)} s: have both follow NTP`,
      ),
    );
  return found.length > 0 ? found : [say('ok', `${facts.version}, ${facts.collation}, clocks agree`)];
};

/** Of several hosts one takes writes, and the others are there to take its place. */
export const hosts: Check = async ({ config }) => {
  const say = says('database-hosts');
  const all = eachHost(config.DATABASE_URL);
  if (all.length < 2) return [];
  const states = await Promise.all(
    all.map(async ({ name, hosts: host }) => {
      const ms = config.DATABASE_CONNECT_TIMEOUT_MS;
      const limits = {
        connectTimeoutMs: ms,
        acquireTimeoutMs: ms + 500,
        statementTimeoutMs: ms,
        lockWaitSeconds: 1,
      };
      const db = openDatabase({ url: config.DATABASE_URL, hosts: host, pool: 1, ...limits });
      const state = await takesWrites(db).then(
        (writes) => (writes ? 'writes' : 'reads'),
        () => 'away',
      );
      await db.destroy();
      return { name, state };
    }),
  );
  const of = (state: string) => states.filter((one) => one.state === state).map(({ name }) => name);
  const writing = of('writes');
  const away = of('away');
  const found = away.map((name) => say('warn', `${name} is away or refuses us: nobody could take over`));
  if (writing.length === 0) found.push(say('fail', 'no host takes writes: promote one (read_only = 0)'));
  if (writing.length > 1)
    found.push(
      say('fail', `${writing.join(' and ')} both take writes: set read_only on all but one at once`),
    );
  return found.length > 0
    ? found
    : [say('ok', `${writing[0]} takes writes, ${of('reads').join(', ')} could`)];
};

export const migrations: Check = async ({ jobsDb }) => {
  const say = says('migrations');
  const pending = await pendingMigrations(jobsDb);
  if (pending.length > 0) return [say('fail', `pending: ${pending.join(', ')}; run educonnect migrate`)];
  return [say('ok', `all applied, the last ${(await migrationsApplied(jobsDb)).at(-1)}`)];
};

export const grants: Check = async ({ jobsDb }) => {
  const say = says('grants');
  const has = await privileges(jobsDb);
  const missing = (names: readonly string[]) => names.filter((name) => !has.includes(name));
  const needed = missing(NEEDED);
  if (needed.length > 0)
    return [say('fail', `the account of DATABASE_URL lacks ${needed.join(', ')}: GRANT them`)];
  const toMigrate = missing(TO_MIGRATE);
  return toMigrate.length > 0
    ? [say('warn', `enough to serve; educonnect migrate also needs ${toMigrate.join(', ')}`)]
    : [say('ok', 'enough to serve and to migrate')];
};

export const sealing: Check = async ({ jobsDb, sealer }, { sealed }) => {
  const say = says('sealing-keys');
  const lost: string[] = [];
  let old = 0;
  let values = 0;
  await Promise.all(
    [...ROOM_COLUMNS, ...sealed].map(async (column) => {
      for (const { keyId, count } of await countByKey(jobsDb, column)) {
        values += count;
        if (keyId !== sealer.currentKeyId) old += count;
        const opens = (await sampleSealed(jobsDb, column, { keyId, limit: 3 })).every((row) => {
          try {
            sealer.open(row.sealed, column.context(...row.values));
            return true;
          } catch {
            return false;
          }
        });
        if (!opens) lost.push(`${count} of ${column.table}`);
      }
    }),
  );
  if (lost.length > 0)
    return [say('fail', `SEALING_KEYS does not open ${lost.join(', ')}: put back the key that sealed them`)];
  if (old > 0)
    return [say('warn', `${old} of ${values} values are sealed by an older key: run educonnect keys reseal`)];
  return [say('ok', `the first key opens all ${values} values`)];
};

export const signing: Check = async ({ jobsDb, config, clock }) => {
  const say = says('signing-keys');
  const now = clock.now();
  const keys = await signingSince(jobsDb, now);
  if (keys.length === 0) return [say('warn', 'there are none yet: the first server makes them')];
  const ages = keys.map(({ since }) => (now.getTime() - since.getTime()) / DAY_MS);
  const oldest = Math.floor(Math.max(...ages));
  return oldest > config.SIGNING_KEY_DAYS + 2
    ? [
        say(
          'warn',
          `the oldest signs for ${oldest} days: see why rotate-keys does not run, or run educonnect keys rotate`,
        ),
      ]
    : [say('ok', `${keys.map(({ alg }) => alg).join(', ')}, the oldest signs for ${oldest} days`)];
};
