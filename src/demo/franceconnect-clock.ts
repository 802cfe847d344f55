import { decodeJwt, decodeProtectedHeader, importJWK, type JWK as JoseJwk, SignJWT } from 'jose';
import type { JWK } from 'oidc-provider';

const DATES = ['iat', 'exp', 'nbf', 'auth_time'] as const;

/** A token as a wrong clock there would have dated it: the same claims, signed with the same key. */
export async function redated(token: string, key: JWK, seconds: number): Promise<string> {
  const claims = decodeJwt(token);
  for (const name of DATES) {
    const date = claims[name];
    if (typeof date === 'number') claims[name] = date + seconds;
  }
  const header = { ...decodeProtectedHeader(token), alg: 'ES256' };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key as JoseJwk, 'ES256'));
}
