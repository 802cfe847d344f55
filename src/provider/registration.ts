import { type AuditEvent, recordAudit } from '../audit/record.ts';
import { newToken } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { readUai } from '../directory/uai.ts';
import {
  faultsOf,
  metadataOf,
  needsSecret,
  type Settings,
  sectorFaults,
  sectorOf,
} from './client-settings.ts';
import {
  addSchool,
  type ClientRow,
  deleteClient,
  findClientRow,
  findSchoolId,
  insertClient,
  listActiveUais,
  removeSchool,
  updateClient,
} from './client-store.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'random' | 'sealer' | 'config'>;

/** Clients are changed by command only (N01). */
const lineOf = (event: string, at: Date, details: string): AuditEvent => ({
  at,
  event,
  outcome: 'done',
  actorKind: 'operator',
  actor: 'educonnect client',
  details,
});

export type NewClient = Settings & {
  name: string;
  redirectUris: string[];
  scope: string;
  sector?: string | undefined;
  /** UAIs, or `all`. */
  schools?: string[] | undefined;
};

export type Refused = { ok: false; faults: string[] };
export type Added = { ok: true; clientId: string; clientSecret: string | null };

/** Registers a service. The secret is shown this once; it is kept sealed, for the library compares it in clear. */
export async function addClient(deps: Needs, input: NewClient): Promise<Added | Refused> {
  const sector = input.sector ?? sectorOf(input.redirectUris[0]);
  const merged = metadataOf({}, input);
  const faults = [...faultsOf(deps, input.name, merged), ...sectorFaults(sector)];
  const schools = await schoolIds(deps, input.schools ?? [], faults);
  if (faults.length > 0) return { ok: false, faults };
  const now = deps.clock.now();
  const clientId = newToken(deps.random).slice(0, 22);
  const secret = needsSecret(merged) ? newToken(deps.random) : null;
  const row: ClientRow = {
    clientId,
    name: input.name,
    sector: sector as string,
    metadata: merged,
    secretSealed: secret === null ? null : deps.sealer.seal(secret, `client:${clientId}`),
    secretAt: secret === null ? null : now,
    oldSecret: null,
  };
  await inTransaction(deps.db, async (trx) => {
    await insertClient(trx, row, now);
    for (const school of schools) await addSchool(trx, clientId, school, now);
    await recordAudit(trx, lineOf('client-added', now, clientId));
  });
  return { ok: true, clientId, clientSecret: secret };
}

/** Changes what is given; the sector stays what it was, or each person's `sub` would change (contract). */
export async function changeClient(
  deps: Needs,
  clientId: string,
  settings: Settings,
): Promise<{ ok: true } | Refused> {
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  const name = settings.name ?? row.name;
  const metadata = metadataOf(row.metadata, settings);
  const faults = faultsOf(deps, name, metadata);
  if (needsSecret(metadata) !== needsSecret(row.metadata))
    faults.push('--auth-method: a service with a secret and one without are not the same; add a new client');
  if (faults.length > 0) return { ok: false, faults };
  await change(
    deps,
    { ...row, name, metadata },
    'client-changed',
    Object.keys(settings)
      .filter((key) => settings[key as keyof Settings] !== undefined)
      .join(' '),
  );
  return { ok: true };
}

/** Enough for a service that is changed once a week. */
const OLD_SECRET_DAYS = 7;
const OLD_SECRET_DAYS_AT_MOST = 90;
const DAY_MS = 24 * 3600_000;

export type Rotated = { ok: true; clientId: string; clientSecret: string; oldSecretUntil: Date | null };

/**
 * A new secret, shown this once; the one before it stays good for some days, so that no sign-in fails while the
 * service changes over.
 * @param keepOldDays 0: the old one is in wrong hands, and dead within 30 s
 */
export async function rotateSecret(
  deps: Needs,
  clientId: string,
  keepOldDays: number = OLD_SECRET_DAYS,
): Promise<Rotated | Refused> {
  if (!Number.isInteger(keepOldDays) || keepOldDays < 0 || keepOldDays > OLD_SECRET_DAYS_AT_MOST)
    return refused(`--keep-old: a whole number of days, ${OLD_SECRET_DAYS_AT_MOST} at most`);
  const now = deps.clock.now();
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  if (row.secretSealed === null) return refused(`${clientId} has no secret`);
  // Two old ones are not kept: the service may still be using the one that would go.
  if (keepOldDays > 0 && row.oldSecret !== null && row.oldSecret.until > now)
    return refused(
      `the secret before this one is good until ${row.oldSecret.until.toISOString()}: end it first (--end-old), or rotate with --keep-old 0`,
    );
  const secret = newToken(deps.random);
  const oldSecretUntil = keepOldDays === 0 ? null : new Date(now.getTime() + keepOldDays * DAY_MS);
  const next = {
    ...row,
    secretSealed: deps.sealer.seal(secret, `client:${clientId}`),
    secretAt: now,
    oldSecret: oldSecretUntil && { sealed: row.secretSealed, until: oldSecretUntil },
  };
  await change(deps, next, 'client-secret', `old one good for ${keepOldDays} days`);
  return { ok: true, clientId, clientSecret: secret, oldSecretUntil };
}

/** The service has changed over: the secret before the present one is dead within 30 s. */
export async function endOldSecret(deps: Needs, clientId: string): Promise<{ ok: true } | Refused> {
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  if (row.oldSecret === null) return refused(`${clientId} has no old secret`);
  await change(deps, { ...row, oldSecret: null }, 'client-secret', 'old one ended');
  return { ok: true };
}

/** @param school a UAI, or `all` */
export async function setService(
  deps: Needs,
  clientId: string,
  school: string,
  active: boolean,
): Promise<{ ok: true } | Refused> {
  if (!(await findClientRow(deps.db, clientId))) return unknownClient(clientId);
  const faults: string[] = [];
  const [id] = await schoolIds(deps, [school], faults);
  if (id === undefined) return { ok: false, faults };
  if (!active && id !== null && (await isActiveForAll(deps, clientId)))
    return { ok: false, faults: [ACTIVE_FOR_ALL] };
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    if (active) await addSchool(trx, clientId, id, now);
    else await removeSchool(trx, clientId, id);
    const line = lineOf('client-service', now, `${clientId} ${active ? 'on' : 'off'} ${school}`);
    await recordAudit(trx, { ...line, schoolId: id ?? undefined });
  });
  return { ok: true };
}

/** There is no « everywhere but »: an answer of « done » would let the operator believe that there is. */
const ACTIVE_FOR_ALL =
  'the service is active for all schools: end that first (--school all --off), then name its schools one by one';

async function isActiveForAll(deps: Needs, clientId: string): Promise<boolean> {
  return ((await listActiveUais(deps.db)).get(clientId) ?? []).includes('all');
}

/** Its sessions, grants and tokens go with it. */
export async function removeClient(deps: Needs, clientId: string): Promise<{ ok: true } | Refused> {
  const removed = await inTransaction(deps.db, async (trx) => {
    const done = await deleteClient(trx, clientId);
    if (done) await recordAudit(trx, lineOf('client-removed', deps.clock.now(), clientId));
    return done;
  });
  return removed ? { ok: true } : unknownClient(clientId);
}

/** The row and its line in the trail, together. */
async function change(deps: Needs, row: ClientRow, event: string, what: string): Promise<void> {
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    await updateClient(trx, row, now);
    await recordAudit(trx, lineOf(event, now, `${row.clientId} ${what}`));
  });
}

function unknownClient(clientId: string): Refused {
  return refused(`no client ${clientId}`);
}

function refused(...faults: string[]): Refused {
  return { ok: false, faults };
}

async function schoolIds(
  deps: Needs,
  schools: readonly string[],
  faults: string[],
): Promise<(number | null)[]> {
  const ids: (number | null)[] = [];
  for (const school of schools) {
    if (school === 'all') {
      ids.push(null);
      continue;
    }
    const uai = readUai(school);
    const id = uai === null ? null : await findSchoolId(deps.db, uai);
    if (uai === null) faults.push(`--school: ${school} is no UAI: seven digits and a letter`);
    else if (id === null) faults.push(`--school: no school ${uai}`);
    else ids.push(id);
  }
  return ids;
}
