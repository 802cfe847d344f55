import type { Link } from './check.ts';
import type { SchoolPlan } from './school-plan.ts';
import type { Contact, CurrentLink, CurrentPerson, SchoolState, StagedPupil } from './school-state.ts';
import { UNREADABLE } from './types.ts';

/**
 * What has to change so that the store says of this school what its full file says. Pure: the same state gives
 * the same plan, and the state after the plan gives an empty one.
 *
 * R-005a: INE, and in the 1st degree a class, are needed for an account to be created; nothing of
 * what exists is ever taken away for the lack of them. A guardian loses a child when the legal link is no longer
 * in the pupil's record; a pupil who is not in the file leaves the school and keeps record, links and accounts.
 */
export function planSchool(state: SchoolState): SchoolPlan {
  const plan: SchoolPlan = {
    writeSchool: state.school?.digest !== state.stagedDigest,
    classes: changedClasses(state),
    pupils: [],
    guardians: [],
    accounts: [],
    renamed: { guardianIds: [], pupilIds: [] },
    left: leavers(state),
    openLinks: [],
    endLinks: [...state.deletedLinks],
    unresolved: [],
    bereft: state.deletedLinks.map((link) => link.pupilId),
    counts: { arrived: 0, moved: 0, changed: 0, guardians: 0, mobiles: 0, emails: 0, addresses: 0 },
    refused: [],
  };
  const wanted = new Map<string, { eligible: boolean }>();
  for (const pupil of state.pupils) {
    const guardians = knownGuardians(state, pupil, plan);
    planPupil(state, plan, pupil, guardians.length === pupil.guardians.length);
    for (const [id] of guardians) {
      const eligible = pupil.hasIne && (state.degree === 2 || pupil.classCode !== null);
      wanted.set(id, { eligible: eligible || (wanted.get(id)?.eligible ?? false) });
    }
  }
  for (const [id, { eligible }] of wanted) planGuardian(state, plan, id, eligible);
  for (const id of state.changedGuardians) if (!wanted.has(id)) planGuardian(state, plan, id, false);
  planLinks(state, plan);
  return plan;
}

/** True when the night leaves this school as it is. */
export function isEmptyPlan(plan: SchoolPlan): boolean {
  const { pupils, guardians, accounts, left, openLinks, endLinks, unresolved, classes, renamed } = plan;
  const lists = [
    pupils,
    guardians,
    accounts,
    left,
    openLinks,
    endLinks,
    unresolved,
    classes,
    renamed.guardianIds,
    renamed.pupilIds,
  ];
  return !plan.writeSchool && lists.every((list) => list.length === 0);
}

function changedClasses({ pupils, currentClasses }: SchoolState): { code: string; label: string }[] {
  const labels = new Map<string, string>();
  for (const { classCode, classLabel } of pupils) {
    if (classCode !== null && !labels.has(classCode)) labels.set(classCode, classLabel ?? classCode);
  }
  return [...labels]
    .filter(([code, label]) => currentClasses.get(code) !== label)
    .map(([code, label]) => ({ code, label }));
}

/**
 * A school of which the feed has no pupil at all is not spoken for: a list of schools may be longer than the
 * files of pupils beside it, and nobody is put out of school for that.
 */
function leavers({ school, spoken, pupils, currentPupils, elsewhere }: SchoolState): number[] {
  if (!school || !spoken) return [];
  const present = new Set(pupils.map((pupil) => pupil.sourceId));
  return [...currentPupils.values()]
    .filter((pupil) => pupil.schoolId === school.id && !pupil.left)
    .filter((pupil) => !present.has(pupil.sourceId) && !elsewhere.has(pupil.sourceId))
    .map((pupil) => pupil.id);
}

function planPupil(state: SchoolState, plan: SchoolPlan, pupil: StagedPupil, resolved: boolean): void {
  const current = state.currentPupils.get(pupil.sourceId);
  // pupils have accounts in the 2nd degree only, and need an INE.
  const account = state.degree === 2 && pupil.hasIne && !current?.accountId;
  const here = current !== undefined && !current.left && current.schoolId === state.school?.id;
  if (!current || current.left) plan.counts.arrived += 1;
  else if (!here) plan.counts.moved += 1;
  else if (current.digest !== pupil.digest) plan.counts.changed += 1;
  const relinked = resolved && current?.linksDigest !== pupil.linksDigest;
  const written = !here || current.digest !== pupil.digest || account || relinked;
  if (written) plan.pupils.push(pupil.sourceId);
  if (!resolved && (written || current.linksDigest !== null)) plan.unresolved.push(pupil.sourceId);
  if (account) plan.accounts.push({ kind: 'pupil', ...personOf(pupil, pupil.publicId) });
  if (current?.accountId && isRenamed(current, pupil)) plan.renamed.pupilIds.push(current.id);
}

function planGuardian(state: SchoolState, plan: SchoolPlan, id: string, eligible: boolean): void {
  const current = state.currentGuardians.get(id);
  const staged = state.guardians.get(id);
  // Named in a pupil's record, absent from the file of guardians or refused there: the one already known stands.
  if (!staged || staged.refused || staged.publicId === null) return;
  const account = eligible && !current?.accountId && staged.planned < 2;
  const differs = !current || current.left || current.digest !== staged.digest;
  if (account || (differs && staged.planned < 1)) {
    plan.guardians.push(id);
    // Who had left and comes back as he was is written, not changed.
    if (account || current?.digest !== staged.digest) plan.counts.guardians += 1;
  }
  if (current && differs && staged.planned < 1) countContact(plan, current.contact, staged.contact);
  if (account) plan.accounts.push({ kind: 'guardian', ...personOf(staged, staged.publicId) });
  if (current?.accountId && staged.planned < 1 && isRenamed(current, staged)) {
    plan.renamed.guardianIds.push(current.id);
  }
}

function countContact({ counts }: SchoolPlan, before: Contact | undefined, after: Contact | undefined): void {
  if (!before || !after) return;
  if (before.mobile !== after.mobile) counts.mobiles += 1;
  if (before.email !== after.email) counts.emails += 1;
  if (before.address !== after.address) counts.addresses += 1;
}

/** The guardians of a pupil of whom there is a usable record; the others are reported. */
function knownGuardians(state: SchoolState, pupil: StagedPupil, plan?: SchoolPlan): Link[] {
  return pupil.guardians.filter(([id]) => {
    const staged = state.guardians.get(id);
    if (staged?.deleted) return false;
    if ((staged && !staged.refused) || state.currentGuardians.has(id)) return true;
    if (id === UNREADABLE) return false;
    const why = staged ? 'has a record that was refused' : 'is in no file';
    plan?.refused.push({ fileNo: pupil.fileNo, record: pupil.sourceId, reason: `the guardian ${id} ${why}` });
    return false;
  });
}

function planLinks(state: SchoolState, plan: SchoolPlan): void {
  const linksOf = new Map<number, CurrentLink[]>();
  for (const link of state.currentLinks) {
    linksOf.set(link.pupilId, [...(linksOf.get(link.pupilId) ?? []), link]);
  }
  for (const pupil of state.pupils) {
    const current = state.currentPupils.get(pupil.sourceId);
    const links = new Map((linksOf.get(current?.id ?? 0) ?? []).map((link) => [link.guardianSourceId, link]));
    const wanted = new Map(knownGuardians(state, pupil));
    for (const [guardian, code] of wanted) {
      const link = links.get(guardian);
      if (!link || link.ended || link.code !== code)
        plan.openLinks.push({ guardian, pupil: pupil.sourceId, code });
    }
    // A guardian who cannot be read may be any of those who are known: one typing error takes no child away.
    if (pupil.guardians.some(([id]) => id === UNREADABLE)) continue;
    for (const link of links.values()) {
      const { guardianId, pupilId } = link;
      if (link.ended || wanted.has(link.guardianSourceId) || isEnding(state, link)) continue;
      plan.endLinks.push({ guardianId, pupilId });
    }
  }
}

function isEnding({ deletedLinks }: SchoolState, link: CurrentLink): boolean {
  return deletedLinks.some((one) => one.guardianId === link.guardianId && one.pupilId === link.pupilId);
}

function isRenamed(current: CurrentPerson, staged: { givenName: string; familyName: string }): boolean {
  return current.givenName !== staged.givenName || current.familyName !== staged.familyName;
}

function personOf(
  { sourceId, givenName, familyName }: { sourceId: string; givenName: string; familyName: string },
  publicId: string,
) {
  return { sourceId, publicId, givenName, familyName };
}
