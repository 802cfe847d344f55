import { z } from 'zod';

/** What a browser's script sends: as WebAuthn's `toJSON`, everything else left out. */

const BASE64URL = z.string().regex(/^[A-Za-z0-9_-]+$/);
const LONGEST = 12_000;

const REGISTRATION = z.object({
  id: BASE64URL.max(1400),
  rawId: BASE64URL.max(1400),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: BASE64URL.max(2000),
    attestationObject: BASE64URL.max(LONGEST),
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
});

const SIGN_IN = z.object({
  id: BASE64URL.max(1400),
  rawId: BASE64URL.max(1400),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: BASE64URL.max(2000),
    authenticatorData: BASE64URL.max(4000),
    signature: BASE64URL.max(2000),
    userHandle: BASE64URL.max(88).nullish(),
  }),
});

/** The answer of a key that was just made; null: it is none. */
export const readRegistration = (text: string) => read(REGISTRATION, text);

/** The answer of a key that somebody signs in with; null: it is none. */
export const readSignIn = (text: string) => read(SIGN_IN, text);

function read<Answer>(schema: z.ZodType<Answer>, text: string): Answer | null {
  if (text.length > LONGEST) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
