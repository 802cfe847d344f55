import type { ParameterizedContext } from 'koa';
import type { Language } from '../languages/locales.ts';

/** The fields of a form, each once, as text. */
export type Form = ReadonlyMap<string, string>;

/** The fields of a form that may come more than once, where a door says which. */
export type Lists = ReadonlyMap<string, readonly string[]>;

/** What the ground has learnt of a request before a door sees it. */
export type RequestState = {
  /** Told on error pages, in the log and in the audit line, so that the help desk finds the request. */
  requestId: string;
  /** Pattern of the route that answers (`/activation/:token`): what logs and metrics may show. */
  route?: string;
  /** The form that was sent, once `readForms` has looked at it. */
  form?: Form;
  lists?: Lists;
  /** In which the visitor is answered, and who said so. */
  language?: Language;
};

export type Context = ParameterizedContext<RequestState>;
export type Next = () => Promise<unknown>;
export type Middleware = (ctx: Context, next: Next) => Promise<unknown> | unknown;

/** A part of the address, as the router read it; empty where there is none. Its types do not tell a handler of it. */
export function partOf(ctx: Context, name: string): string {
  return (ctx as Context & { params?: Record<string, string | undefined> }).params?.[name] ?? '';
}

/**
 * The same of an identifier that we have made: letters, digits, `-` and `_`. Anything else is none of ours, and must not
 * reach the database, whose columns of identifiers refuse to be compared with it.
 */
export const identifierOf = (text: string): string => (/^[\w-]{1,100}$/.test(text) ? text : '');

/** Who acts, for audit lines. */
export function visitor(ctx: Context): { ip: string; requestId: string } {
  return { ip: ctx.ip, requestId: ctx.state.requestId };
}
