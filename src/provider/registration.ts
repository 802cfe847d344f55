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
  const clientId = newToken(deps.random).slice(0, 22);
  const secret = needsSecret(merged) ? newToken(deps.random) : null;
  const row: ClientRow = {
    clientId,
    name: input.name,
    sector: sector as string,
    metadata: merged,
    secretSealed: secret === null ? null : deps.sealer.seal(secret, `client:${clientId}`),
  };
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    await insertClient(trx, row, now);
    for (const school of schools) await addSchool(trx, clientId, school, now);
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
  await updateClient(deps.db, { ...row, name, metadata }, deps.clock.now());
  return { ok: true };
}

/** A new secret; the old one is dead within 30 s. */
export async function rotateSecret(deps: Needs, clientId: string): Promise<Added | Refused> {
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  if (row.secretSealed === null) return { ok: false, faults: [`${clientId} has no secret`] };
  const secret = newToken(deps.random);
  const secretSealed = deps.sealer.seal(secret, `client:${clientId}`);
  await updateClient(deps.db, { ...row, secretSealed }, deps.clock.now());
  return { ok: true, clientId, clientSecret: secret };
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
  if (active) await addSchool(deps.db, clientId, id, deps.clock.now());
  else await removeSchool(deps.db, clientId, id);
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
  return (await deleteClient(deps.db, clientId)) ? { ok: true } : unknownClient(clientId);
}

function unknownClient(clientId: string): Refused {
  return { ok: false, faults: [`no client ${clientId}`] };
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
