import type { Config } from '../config.ts';
import type { PortalIdentity } from '../deps.ts';
import { distinctGrants } from './rights.ts';
import type { Grant, StaffMember } from './types.ts';

/**
 * What the portal's claims mean; which claim says what is configuration (README, « The academic portal »). Whatever
 * has another form than expected grants nothing.
 */
type Settings = Pick<
  Config,
  | 'ACADEMIC_PORTAL_CLAIM_SCHOOLS'
  | 'ACADEMIC_PORTAL_CLAIM_FUNCTION'
  | 'ACADEMIC_PORTAL_CLAIM_DELEGATION'
  | 'ACADEMIC_PORTAL_DELEGATION_ADMINISTRATION'
  | 'ACADEMIC_PORTAL_DELEGATION_TROUBLESHOOTING'
  | 'ACADEMIC_PORTAL_STRONG_ACR'
  | 'ACADEMIC_PORTAL_STRONG_AMR'
  | 'STAFF_HEAD_FUNCTIONS'
>;
type Claims = PortalIdentity['claims'];

const UAI = /^\d{7}[A-Z]$/;
const LONGEST_NAME = 120;
/** One « @ », and a domain that ends with a letter or a digit: what is neither is a slip that would match nobody. */
const EMAIL = /^[\x21-\x3f\x41-\x7e]{1,190}@[\x21-\x3f\x41-\x7e]{0,59}[a-z0-9]$/i;

export function readMember(config: Settings, { issuer, sub, claims }: PortalIdentity): StaffMember {
  const [given = '', ...rest] = nameOf(claims.name).split(' ');
  return {
    issuer,
    sub,
    givenName: nameOf(claims.given_name) || given,
    familyName: nameOf(claims.family_name) || rest.join(' '),
    email: emailOf(claims),
    strong: isStrong(config, claims),
  };
}

/** The schools that the portal gives him, and as what. */
export function readGrants(config: Settings, claims: Claims): Grant[] {
  const isHead = textsOf(claims[config.ACADEMIC_PORTAL_CLAIM_FUNCTION]).some((code) =>
    config.STAFF_HEAD_FUNCTIONS.includes(code),
  );
  const schools = isHead ? textsOf(claims[config.ACADEMIC_PORTAL_CLAIM_SCHOOLS]).flatMap(uaisOf) : [];
  const delegated = textsOf(claims[config.ACADEMIC_PORTAL_CLAIM_DELEGATION]).flatMap((text) =>
    readDelegation(config, text),
  );
  return distinctGrants([...schools.map((uai): Grant => ({ uai, role: 'head' })), ...delegated]);
}

/** Whether the portal says anything about rights; one that tells them in the first ID token only does not. */
export function tellsRights(config: Settings, claims: Claims): boolean {
  const { ACADEMIC_PORTAL_CLAIM_FUNCTION: role, ACADEMIC_PORTAL_CLAIM_DELEGATION: delegation } = config;
  return claims[role] !== undefined || claims[delegation] !== undefined;
}

/** `<module>|<UAI>[,<UAI>...]` */
function readDelegation(config: Settings, text: string): Grant[] {
  const [module = '', schools = ''] = text.split('|').map((part) => part.trim());
  const role =
    module === config.ACADEMIC_PORTAL_DELEGATION_ADMINISTRATION
      ? 'administration'
      : module === config.ACADEMIC_PORTAL_DELEGATION_TROUBLESHOOTING
        ? 'troubleshooting'
        : null;
  if (role === null) return [];
  return schools
    .split(',')
    .flatMap(uaisOf)
    .map((uai) => ({ uai, role }));
}

/** The academic directories write `UAI$UAJ$PU$...`; what follows the first sign is not ours. */
function uaisOf(text: string): string[] {
  const uai = (text.split('$')[0] ?? '').trim().toUpperCase();
  return UAI.test(uai) ? [uai] : [];
}

function isStrong(config: Settings, { acr, amr }: Claims): boolean {
  const methods = textsOf(amr);
  return (
    (typeof acr === 'string' && config.ACADEMIC_PORTAL_STRONG_ACR.includes(acr)) ||
    methods.some((method) => config.ACADEMIC_PORTAL_STRONG_AMR.includes(method))
  );
}

function emailOf({ email, email_verified: verified }: Claims): string | null {
  return typeof email !== 'string' || verified === false ? null : readAcademicEmail(email);
}

/** An address as the portal's are compared, and those that a head types; null: it is none. */
export function readAcademicEmail(text: string): string | null {
  return EMAIL.test(text) ? text.toLowerCase() : null;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.normalize('NFC').replace(/\p{C}/gu, ' ').replace(/\s+/g, ' ').trim().slice(0, LONGEST_NAME);
}

/** One text or several. */
function textsOf(value: unknown): string[] {
  return [value].flat().filter((one): one is string => typeof one === 'string');
}
