import type { AccountKind } from '../accounts/types.ts';
import { openReports } from '../accounts/wrong-attachments.ts';
import { childrenOfAccount } from '../directory/children.ts';
import { plainSchoolName } from '../directory/names.ts';
import type { Context } from '../http/context.ts';
import { initiateHref } from '../http/initiate.ts';
import { showPage } from '../http/page.ts';
import { childKey, childLinks, reportHref } from './children/keys.ts';
import { csrfOf } from './frame.ts';
import { readHomeFacts } from './home-store.ts';
import type { HomePage, SubjectKey } from './pages.ts';
import { passkeyOffer } from './passkeys/offer.ts';
import type { AccountDoor, AccountSession } from './types.ts';

type Subject = { key: SubjectKey; path: string; kinds: readonly AccountKind[] };
const ALL: readonly AccountKind[] = ['guardian', 'pupil'];

/** What a person can do here himself, for those who may; whose page is not there has no link. */
const SUBJECTS: readonly Subject[] = [
  { key: 'password', path: '/compte/mot-de-passe', kinds: ALL },
  { key: 'address', path: '/compte/adresse', kinds: ALL },
  { key: 'franceconnect', path: '/compte/franceconnect', kinds: ['guardian'] },
  { key: 'passkeys', path: '/compte/cles', kinds: ALL },
  { key: 'history', path: '/compte/historique', kinds: ALL },
  { key: 'sessions', path: '/compte/sessions', kinds: ALL },
  { key: 'data', path: '/compte/donnees', kinds: ALL },
  { key: 'regroup', path: '/compte/rattacher', kinds: ['guardian'] },
  { key: 'forget', path: '/compte/oublier', kinds: ['guardian'] },
  { key: 'language', path: '/compte/langue', kinds: ALL },
];

function linksFor({ pages }: AccountDoor, kind: AccountKind): HomePage['links'] {
  const open = SUBJECTS.filter(({ path, kinds }) => pages.has(path) && kinds.includes(kind));
  return Object.fromEntries(open.map(({ key, path }) => [key, path]));
}

/** GET /: « Mon compte ». */
export async function showHome(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { account } = session;
  const { deps, host } = door;
  const children = await childrenOfAccount(deps.db, account);
  const reports = account.kind === 'guardian' ? await openReports(deps, account.id) : [];
  const services = await host.servicesOfSchools(children.map(({ schoolId }) => schoolId));
  const facts = await readHomeFacts(deps.db, account, deps.clock.now());
  const page: HomePage = {
    kind: account.kind,
    name: `${account.givenName} ${account.familyName}`,
    services: services.map((service) => ({
      name: service.name,
      href: initiateHref(deps.config, service),
    })),
    children: children.map((child) => ({
      name: `${child.givenName} ${child.familyName}`,
      school: plainSchoolName(child.school),
      class: child.class,
      links: account.kind === 'guardian' ? childLinks(deps.config, account, child) : null,
    })),
    reports: reports.map((report) => ({
      name: `${report.givenName} ${report.familyName}`,
      reportedAt: report.reportedAt,
      href: reportHref(childKey(deps.config, account, report.pupilId)),
    })),
    identifier: account.identifier,
    email:
      account.email === null ? null : { address: account.email, verified: account.emailVerifiedAt !== null },
    lastLoginAt: account.lastLoginAt,
    links: linksFor(door, account.kind),
    pendingAddress: facts.pendingAddress,
    passkeyOffer: passkeyOffer(door, ctx, session, facts),
    signOut: { action: '/compte/deconnexion', csrf: csrfOf(door, ctx) },
  };
  showPage(deps, ctx, 'account/home', page);
}
