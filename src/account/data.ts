import { recordAudit } from '../audit/record.ts';
import { type Context, visitor } from '../http/context.ts';
import { field } from '../http/form.ts';
import { renderFor, showPage } from '../http/page.ts';
import { gatherData } from './data-gathered.ts';
import { frameOf } from './frame.ts';
import type { DataPage } from './pages.ts';
import type { AccountDoor, AccountRoute, AccountSession } from './types.ts';

/** « Télécharger mes données »: all that is held of a person, for programs and for himself. */
const PATH = '/compte/donnees';
const NAME = 'mes-donnees-educonnect';

export const DATA_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: PATH, needs: 'proof', handle: showData },
  { method: 'post', path: PATH, needs: 'proof', handle: giveData },
];

/** GET /compte/donnees: what the file has in it, and what it has not. */
function showData(door: AccountDoor, ctx: Context, { account }: AccountSession): void {
  const page: DataPage = { frame: frameOf(door, ctx), action: PATH, kind: account.kind };
  showPage(door.deps, ctx, 'account/data', page);
}

/** POST /compte/donnees: the file, made now and kept nowhere. A form, so that no link or scanner takes it. */
async function giveData(door: AccountDoor, ctx: Context, { account }: AccountSession): Promise<void> {
  const { deps } = door;
  const readable = field(ctx, 'format') !== 'json';
  const data = await gatherData(door, account);
  await recordAudit(deps.db, {
    at: deps.clock.now(),
    event: 'download-data',
    outcome: 'done',
    actorKind: 'person',
    accountId: account.id,
    details: readable ? 'readable' : 'json',
    ...visitor(ctx),
  });
  ctx.attachment(`${NAME}.${readable ? 'html' : 'json'}`);
  if (readable) {
    ctx.body = renderFor(deps, ctx, 'account/data-file', data);
    ctx.type = 'text/html; charset=utf-8';
  } else {
    ctx.body = JSON.stringify(data.file, null, 2);
    ctx.type = 'application/json; charset=utf-8';
  }
}
