import type { Account, FindAccount } from 'oidc-provider';
import { keyedDigest } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { type Child, childrenOfAccount } from '../directory/children.ts';
import { CLAIMS, type Proof, userinfoClaims } from './claims.ts';
import type { Clients, RegisteredClient } from './clients.ts';
import { findPerson, isPresentable } from './person-store.ts';
import type { Person } from './rows.ts';
import { currentUnit, inUnit } from './unit-of-work.ts';

type Needs = Pick<Deps, 'db' | 'config'>;

/**
 * The library's question "who is this?", asked at each authorization, token and userinfo request: nobody when the
 * account is closed, not activated, or has changed its credentials since the login was handed over (pitfall 9).
 */
export function createFindAccount(deps: Needs, clients: Clients): FindAccount {
  return async (ctx, id, token) => {
    const person = await personBehind(deps, id);
    const unit = currentUnit();
    if (!isPresentable(person)) return undefined;
    if (unit?.loginVersion !== undefined && unit.loginVersion !== person.credentialsVersion) return undefined;
    const account: Account = {
      accountId: id,
      async claims(use, scope) {
        if (use !== 'userinfo') return { sub: id };
        const clientId = ctx.oidc.client?.clientId;
        const client = clientId === undefined ? null : await clients.find(clientId);
        const scopes = grantedToday(client, scope);
        const children = await visibleChildren(deps, client, person, scopes);
        const proof = proofOf(token);
        const claims = userinfoClaims({ person, children, proof, scopes, logoutUrl: logoutUrl(deps) });
        return { ...ofScopes(claims, scopes), sub: id };
      },
    };
    return account;
  };
}

async function personBehind(deps: Needs, id: string): Promise<Person | null> {
  const unit = currentUnit();
  const known = unit?.persons.get(id);
  if (known !== undefined) return known;
  const person = await inUnit(deps, (db) => findPerson(db, id));
  unit?.persons.set(id, person);
  return person;
}

/** Of the scopes of a token those that its service is granted still: a token may be thirty days old. */
function grantedToday(client: RegisteredClient | null, scope: string): ReadonlySet<string> {
  const granted = new Set(String(client?.metadata.scope ?? '').split(' '));
  return new Set(scope.split(' ').filter((name) => granted.has(name)));
}

/** The library keeps back what the token was not given; here goes what its service is not given any more. */
function ofScopes(claims: Record<string, unknown>, scopes: ReadonlySet<string>): Record<string, unknown> {
  const names = new Set(Object.entries(CLAIMS).flatMap(([scope, own]) => (scopes.has(scope) ? own : [])));
  return Object.fromEntries(Object.entries(claims).filter(([name]) => names.has(name)));
}

const NEED_CHILDREN = ['educonnect', 'educonnect_ref', 'educonnect_eleves', 'educonnect_ine'];

/** Only the children in schools where the service is active; read for services that ask about children only. */
async function visibleChildren(
  deps: Needs,
  client: RegisteredClient | null,
  person: Person,
  scopes: ReadonlySet<string>,
): Promise<Child[]> {
  if (client === null || !NEED_CHILDREN.some((scope) => scopes.has(scope))) return [];
  const { schools } = client;
  if (schools !== 'all' && schools.size === 0) return [];
  // Userinfo is no transaction: nothing of it can be missed on another connection.
  const children = await inUnit(deps, () => childrenOfAccount(deps.db, person));
  return schools === 'all' ? children : children.filter((child) => schools.has(child.schoolId));
}

/** An access token carries the login that it descends from: its session may be over by then. */
function proofOf(token: unknown): Proof {
  const { auth_time, acr, amr } = (token as { extra?: Record<string, unknown> } | undefined)?.extra ?? {};
  return {
    authTime: auth_time as number | undefined,
    acr: acr as string | undefined,
    amr: amr as string[] | undefined,
  };
}

export function logoutUrl({ config }: Pick<Deps, 'config'>): string {
  return `${config.issuer}/session/end`;
}

/** So many are remembered: whoever gets an ID token is asked about at userinfo next. */
const SUBJECTS = 10_000;

/** `sub`: one per sector and account, computed with a salt that is never rotated (contract). */
export function pairwiseSubjects({
  config,
}: Pick<Deps, 'config'>): (sector: string, accountId: string) => string {
  const known = new Map<string, string>();
  return (sector, accountId) => {
    const key = `${accountId} ${sector}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const subject = keyedDigest(config.SUBJECT_SALT, 'sub', sector, accountId);
    if (known.size >= SUBJECTS) known.clear();
    known.set(key, subject);
    return subject;
  };
}
