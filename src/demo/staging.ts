import { randomUUID } from 'node:crypto';
import { applyEvent } from '../accounts/lifecycle.ts';
import { findAccountById, lockAccounts } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { generateProvisional, openProvisional, sealProvisional } from '../credentials/provisional.ts';
import { verifyCredentials } from '../credentials/verify.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, OutgoingMail } from '../deps.ts';
import { activateByLink } from '../enrolment/activation.ts';
import { giveAddress } from '../enrolment/address.ts';
import { proveBirthDate } from '../enrolment/birth-date.ts';
import { chooseNewPassword } from '../enrolment/new-password.ts';
import { currentProgress, startFirstConnection } from '../enrolment/progress.ts';
import { sendDue } from '../messages/send.ts';
import type { CastMember, World } from './sample-schools/types.ts';
import { accountIdOfPupil, accountIdOfReference } from './store.ts';

/** Brings the people of the cast where `personas.json` says they are, by the verbs that real people use. */

/** Passwords that were chosen already. */
export const PASSWORDS: Record<string, string> = { activated: 'Tournesol84', activating: 'Parapluie62' };

/** Addresses given in the first connection where the school knows none. */
export const ADDRESSES: Record<string, string> = { activating: 'mathieu.legoff@example.org' };

const NOTIFIED = ['school-path', 'school-path-email', 'pupil-guardian'];
const EXPIRED_SINCE_DAYS = 100;
const DAY_MS = 86_400_000;
const LOOPBACK = '127.0.0.1';

/** Does what is still to do; an account that is already under way is left as it is. */
export async function stageCast(deps: Deps, world: World): Promise<void> {
  const role = (key: string) => world.cast.find((member) => member.key === key) as CastMember;
  for (const key of NOTIFIED) await notify(deps, await accountOf(deps, role(key)));
  const earlier = new Date(deps.clock.now().getTime() - EXPIRED_SINCE_DAYS * DAY_MS);
  await notify({ ...deps, clock: { now: () => earlier } }, await accountOf(deps, role('expired')));
  await stageActivated(deps, role('activated'));
  // Its mail stays queued: the application sends it, and the outbox shows it with its link.
  await connectFirst(deps, role('activating'));
  await stagePupil(deps, world);
}

async function accountOf(deps: Deps, { key, feed, guardian }: CastMember): Promise<Account> {
  const record = { academyCode: feed.academy.code, degree: feed.degree, sourceId: guardian.sourceId };
  const id = await accountIdOfReference(deps.db, record);
  const account = id === null ? null : await findAccountById(deps.db, id);
  if (!account) throw new Error(`the import made no account for ${key}`);
  return account;
}

/** As the school does when it hands out a letter. */
async function notify(deps: Deps, { id, state, publicId }: Account): Promise<void> {
  if (state !== 'not_notified') return;
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    const [account] = await lockAccounts(trx, [id]);
    if (!account) return;
    await applyEvent(trx, account, 'notify', {
      now,
      actor: { actorKind: 'school', actor: 'sample data' },
      changes: {
        passwordKind: 'provisional',
        provisionalSealed: sealProvisional(deps, publicId, generateProvisional(deps)),
        provisionalCreatedAt: now,
        distributedAt: now,
      },
    });
  });
}

/** The first connection up to the mail: notified, signed in, password, address, birth date. */
async function connectFirst(deps: Deps, member: CastMember): Promise<boolean> {
  const before = await accountOf(deps, member);
  if (before.state !== 'not_notified' && before.state !== 'notified') return false;
  await notify(deps, before);
  const account = await accountOf(deps, member);
  const provisional = openProvisional(deps, account) ?? '';
  const from = { ip: LOOPBACK };
  const signIn = { identifier: account.identifier, password: provisional, kind: account.kind, ...from };
  const verified = await verifyCredentials(deps, signIn);
  if (!verified.ok) throw new Error(`${member.key} cannot sign in: ${verified.reason}`);

  const uid = randomUUID();
  const password = PASSWORDS[member.key] ?? '';
  await startFirstConnection(deps, {
    interactionUid: uid,
    clientId: null,
    account: verified.account,
    ...from,
  });
  expect(await chooseNewPassword(deps, uid, { password, confirmation: password, ...from }), member.key);
  const email = member.guardian.email ?? ADDRESSES[member.key] ?? '';
  expect(await giveAddress(deps, uid, email), member.key);
  const [year = '', month = '', day = ''] = (await askedBirthDate(deps, uid, member)).split('-');
  expect(await proveBirthDate(deps, uid, { day, month, year }, from), member.key);
  return true;
}

async function askedBirthDate(deps: Deps, uid: string, { pupils }: CastMember): Promise<string> {
  const progress = await currentProgress(deps, uid);
  const asked = progress?.step === 'birth-date' ? progress.pupil?.givenName : undefined;
  return pupils.find((pupil) => pupil.givenName === asked)?.birthDate ?? '';
}

/** Reads the mail and presses the button behind its link. */
async function stageActivated(deps: Deps, member: CastMember): Promise<void> {
  if (!(await connectFirst(deps, member))) return;
  const mails: OutgoingMail[] = [];
  const mailer: Deps['mailer'] = {
    async send(mail) {
      mails.push(mail);
      return { ok: true };
    },
    close() {},
  };
  await sendDue({ ...deps, mailer });
  const token = mails.map((mail) => /\/activation\/([\w-]+)/.exec(mail.text)?.[1]).find(Boolean) ?? '';
  expect(await activateByLink(deps, token, { ip: LOOPBACK }), member.key);
}

/** The school hands the pupil of the cast his password; the import made his account. */
async function stagePupil(deps: Deps, { pupil: { feed, pupil } }: World): Promise<void> {
  const record = { academyCode: feed.academy.code, degree: feed.degree, sourceId: pupil.sourceId };
  const id = await accountIdOfPupil(deps.db, record);
  const account = id === null ? null : await findAccountById(deps.db, id);
  if (!account) throw new Error('the import made no account for the pupil of the cast');
  await notify(deps, account);
}

function expect(result: { ok: boolean; reason?: string }, key: string): void {
  if (!result.ok) throw new Error(`the sample person ${key} could not be prepared: ${result.reason}`);
}
