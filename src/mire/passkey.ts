import type { AccountKind } from '../accounts/types.ts';
import { type PasskeyResult, signInOptions, verifyPasskey } from '../credentials/passkey-sign-in.ts';
import { visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field } from '../http/form.ts';
import { finishLogin } from './finish.ts';
import { showProfiles } from './profile.ts';
import { kindOf, showLogin } from './sign-in.ts';
import type { Visit } from './visit.ts';

const WINDOW_S = 300;

/** POST /interaction/:uid/cle/options: what the page's script asks the browser for. */
export async function givePasskeyOptions({ deps, ctx, interaction }: Visit): Promise<void> {
  const options = await signInOptions(deps, { interactionUid: interaction.uid, ip: ctx.ip });
  if (options === null) throw new Fault('EC-429-RATE', { retryAfterSeconds: WINDOW_S });
  ctx.body = options;
}

/** POST /interaction/:uid/cle?profil=: a key instead of identifier and password; without `profil`, of any profile. */
export async function takePasskey(visit: Visit): Promise<void> {
  const { deps, ctx, interaction, metrics } = visit;
  const kind = kindOf(visit);
  const result = await verifyPasskey(deps, {
    interactionUid: interaction.uid,
    answer: field(ctx, 'answer'),
    kind,
    ...visitor(ctx),
  });
  if (result.ok) return finishLogin(visit, result.account, { amr: ['hwk'] });
  metrics.countLogin(
    kind ?? 'guardian',
    result.reason === 'too-many' ? 'rate-limited' : result.reason,
    'hwk',
  );
  if (result.reason === 'too-many') throw new Fault('EC-429-RATE', { retryAfterSeconds: WINDOW_S });
  refuse(visit, kind, result.reason);
}

type Refused = Exclude<Extract<PasskeyResult, { ok: false }>['reason'], 'too-many'>;

/** The page that the form was on, which says why. */
function refuse(visit: Visit, kind: AccountKind | null, reason: Refused): void {
  const problem = reason === 'wrong' ? 'passkey' : reason === 'wrong-profile' ? 'passkey-profile' : 'frozen';
  if (kind !== null) showLogin(visit, kind, { problem }, 400);
  else showProfiles(visit, reason === 'frozen' ? 'frozen' : 'passkey');
}
