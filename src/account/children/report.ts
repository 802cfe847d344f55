import { openReports, reportChild, reportsOf, withdrawReport } from '../../accounts/wrong-attachments.ts';
import { childrenOfAccount } from '../../directory/children.ts';
import { plainSchoolName } from '../../directory/names.ts';
import { type Context, visitor } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { childKey, childOf, reportHref } from './keys.ts';
import type { ReportPage } from './pages.ts';

type Pupil = { id: number; name: string; school: string; reportedAt: Date | null };

/** GET /compte/enfants/:pupil/signaler: what it does, or, once it is said, the way back. */
export async function showReport(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const pupil = await pupilOf(door, ctx, session);
  show(door, ctx, session, pupil, pupil.reportedAt === null ? 'child' : 'reported');
}

/** POST /compte/enfants/:pupil/signaler */
export async function takeReport(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { account } = session;
  const { id } = await pupilOf(door, ctx, session);
  const actor = { actorKind: 'person', ...visitor(ctx) } as const;
  const reported = await reportChild(door.deps, { accountId: account.id, pupilId: id }, actor);
  if (!reported.ok) throw new Fault('EC-404-PAGE');
  seeOther(ctx, reportHref(childKey(door.deps.config, account, id)));
}

/** POST /compte/enfants/:pupil/signaler/retirer: he was mistaken. */
export async function takeWithdrawal(
  door: AccountDoor,
  ctx: Context,
  session: AccountSession,
): Promise<void> {
  const { deps } = door;
  const { account } = session;
  const all = await reportsOf(deps, account.id);
  const report = childOf(deps.config, ctx, account, all, ({ pupilId }) => pupilId);
  if (!report) throw new Fault('EC-404-PAGE');
  const actor = { actorKind: 'person', ...visitor(ctx) } as const;
  const { pupilId } = report;
  const withdrawn = await withdrawReport(deps, { accountId: account.id, pupilId }, actor);
  if (withdrawn.ok) return seeOther(ctx, '/');
  const pupil = { id: pupilId, name: nameOf(report), school: report.school, reportedAt: report.reportedAt };
  show(door, ctx, session, pupil, 'decided', 400);
}

/** A child of this account, or one whom it has reported. @throws Fault 404 for anybody else's */
async function pupilOf({ deps }: AccountDoor, ctx: Context, { account }: AccountSession): Promise<Pupil> {
  const children = await childrenOfAccount(deps.db, account);
  const reports = await openReports(deps, account.id);
  const pupils: Pupil[] = [
    ...children.map((child) => ({
      id: child.id,
      name: nameOf(child),
      school: child.school,
      reportedAt: null,
    })),
    ...reports.map((report) => ({
      id: report.pupilId,
      name: nameOf(report),
      school: report.school,
      reportedAt: report.reportedAt,
    })),
  ];
  const found = childOf(deps.config, ctx, account, pupils, ({ id }) => id);
  if (!found) throw new Fault('EC-404-PAGE');
  return found;
}

const nameOf = ({ givenName, familyName }: { givenName: string; familyName: string }): string =>
  `${givenName} ${familyName}`;

function show(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
  pupil: Pupil,
  state: ReportPage['state'],
  status = 200,
): void {
  const action = reportHref(childKey(door.deps.config, account, pupil.id));
  const page: ReportPage = {
    frame: frameOf(door, ctx),
    action,
    withdrawAction: `${action}/retirer`,
    child: pupil.name,
    school: plainSchoolName(pupil.school),
    state,
    reportedAt: pupil.reportedAt,
  };
  showPage(door.deps, ctx, 'account/children/report', page, status);
}
