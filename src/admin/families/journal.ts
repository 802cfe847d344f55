import { JOURNAL_DAYS, type Journal, type JournalLine, schoolJournal } from '../../assistance/journal.ts';
import { baseOf } from '../../assistance/types.ts';
import { ACT_KINDS } from '../../audit/acts.ts';
import { normaliseIdentifier } from '../../credentials/attempts.ts';
import { listedName } from '../../directory/names.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { staffNames } from '../../staff/names-store.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { frameOf } from '../frame.ts';
import { pageNumber, pagingOf } from '../paging.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { accountHref, helpHref } from './address.ts';
import { helpLinks } from './links.ts';
import type { JournalPage, ShownAct } from './pages.ts';

/** GET /journal: who notified, reset, looked at a password, printed, exported, and when (N01, N03). */
export async function showJournal(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { staff, school, module } = visit;
  const asked = askedOf(ctx);
  const found = await schoolJournal(deps, school.id, asked);
  // The address of another school's account is that of nobody; what was typed may be mistyped.
  if (found === null && asked.account !== null && 'publicId' in asked.account)
    return refuseForeign(door, ctx, visit, 'account');
  const journal = found ?? EMPTY;
  const lines = [...journal.lines, ...(journal.password?.lines ?? [])];
  const names = await staffNames(deps.db, [...journal.actors, ...lines.map(({ actor }) => actor)]);
  const shown = (line: JournalLine) => shownAct(school, line, names);
  const { account, password, page: at, hasNext } = journal;
  const href = (page: number) =>
    helpHref(school, 'journal', {
      jours: asked.days,
      acte: asked.kind,
      personne: asked.actor,
      identifiant: account?.identifier ?? '',
      page,
    });
  const page: JournalPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'guardians' }),
    links: await helpLinks(door, school, 'journal'),
    base: baseOf(school.degree),
    action: helpHref(school, 'journal'),
    days: JOURNAL_DAYS.map((value) => ({ value, current: value === asked.days })),
    kinds: ACT_KINDS.map((value) => ({ value, current: value === asked.kind })),
    people: journal.actors.map((value) => ({
      value,
      name: names.get(value) ?? value,
      current: value === asked.actor,
    })),
    identifier: account?.identifier ?? asked.typed,
    unknown: found === null,
    account: account && {
      name: listedName(account),
      identifier: account.identifier,
      here: account.here,
    },
    password: password && { ...password, acts: password.lines.map(shown) },
    acts: journal.lines.map(shown),
    paging: pagingOf(at, hasNext ? at + 1 : at, href),
  };
  showPage(deps, ctx, 'admin/families/journal', page);
}

const EMPTY: Journal = { lines: [], page: 1, hasNext: false, actors: [], account: null, password: null };
const MOST_PAGES = 400;

function askedOf(ctx: Context) {
  const { jours, acte, personne, compte, identifiant, page } = ctx.query;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const typed = normaliseIdentifier(text(identifiant)).slice(0, 90);
  const readable = /^[\x21-\x7e]{1,90}$/.test(typed);
  const byId =
    text(compte) === '' ? null : { publicId: /^[\w-]{22}$/.test(text(compte)) ? text(compte) : '' };
  return {
    days: JOURNAL_DAYS.find((days) => String(days) === jours) ?? JOURNAL_DAYS[0],
    kind: ACT_KINDS.find((kind) => kind === acte) ?? null,
    actor: /^staff:[\x21-\x7e]{1,114}$/.test(text(personne)) ? text(personne) : null,
    account: byId ?? (typed === '' ? null : { identifier: readable ? typed : '' }),
    typed,
    page: Math.min(MOST_PAGES, pageNumber(page)),
  };
}

function shownAct(school: StaffSchool, line: JournalLine, names: ReadonlyMap<string, string>): ShownAct {
  const { at, kind, event, outcome, actor, actorKind, accounts, account, details } = line;
  return {
    at,
    kind,
    event,
    refused: outcome === 'refused',
    who: actorKind === 'school' ? (names.get(actor ?? '') ?? actor) : null,
    by: actorKind,
    accounts,
    account: account && {
      name: listedName(account),
      identifier: account.identifier,
      href: account.closedAt === null ? accountHref(school, account.publicId, account.kind) : null,
    },
    how: howOf(event, details),
  };
}

const CSV_OR_PDF = /^(csv|pdf)\b/;

/** Odd letters are sheets, even ones mails. */
function howOf(event: string, details: string | null): string | null {
  if (event === 'notify' || event === 'notify-again') {
    const letter = /\bC0([1-6])\b/.exec(details ?? '')?.[1];
    return letter === undefined ? null : Number(letter) % 2 === 1 ? 'sheet' : 'email';
  }
  if (event === 'list-accounts' || event === 'list-pupils' || event === 'list-password')
    return CSV_OR_PDF.exec(details ?? '')?.[1] ?? null;
  return null;
}
