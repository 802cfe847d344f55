import type { Config } from '../config.ts';
import { keyedDigest, sameText } from '../crypto/digests.ts';
import type { Context, Middleware } from './context.ts';
import { Fault } from './errors.ts';
import { parseListedBody } from './form.ts';

type Settings = Pick<Config, 'COOKIE_KEYS' | 'BASE_URL'>;

/** What a form's token is tied to: the sign-in under way, a mail link, a session. */
export type Binding = { scope: 'interaction' | 'link' | 'session'; id: string };

/** The value of the field `_csrf`: only we can make it, and it is good for this binding alone. */
export function csrfToken(config: Settings, { scope, id }: Binding): string {
  return keyedDigest(config.COOKIE_KEYS[0] ?? '', 'csrf', scope, id);
}

/**
 * Lets a changing request through only when it carries the token of its binding and does not come from elsewhere
 * (F02); reads the form on the way. Reading methods pass. Mounted before the routes that it protects, so that a
 * new route is protected unless somebody takes it out.
 * @param listed fields that may come more than once in these forms
 */
export function protectForms(
  config: Settings,
  binding: (ctx: Context) => Binding,
  listed: ReadonlySet<string> = new Set(),
): Middleware {
  const origin = new URL(config.BASE_URL).origin;
  return async (ctx, next) => {
    if (ctx.method === 'GET' || ctx.method === 'HEAD' || ctx.method === 'OPTIONS') return next();
    if (comesFromElsewhere(ctx, origin)) throw new Fault('EC-403-CSRF');
    const { form, lists } = await parseListedBody(ctx.req, listed);
    const sent = form.get('_csrf') ?? '';
    const { scope, id } = binding(ctx);
    const good = config.COOKIE_KEYS.some((key) => sameText(sent, keyedDigest(key, 'csrf', scope, id)));
    if (!good) throw new Fault('EC-403-CSRF');
    ctx.state.form = form;
    ctx.state.lists = lists;
    return next();
  };
}

/**
 * Our Referrer-Policy makes browsers send `Origin: null` with our own forms (Fetch standard, "append a request
 * Origin header"), so `null` is left to Sec-Fetch-Site and to the token.
 */
function comesFromElsewhere(ctx: Context, origin: string): boolean {
  const site = ctx.get('Sec-Fetch-Site');
  if (site !== '' && site !== 'same-origin' && site !== 'none') return true;
  const claimed = ctx.get('Origin');
  return claimed !== '' && claimed !== 'null' && claimed !== origin;
}
