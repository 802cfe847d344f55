import type { Deps } from '../../src/deps.ts';
import { notify } from '../../src/messages/notify.ts';
import { seedSchool } from './school-accounts.ts';

/** Whatever the staff's addresses and forms may name, of one school. */
export type Ids = {
  accounts: string[];
  classes: string[];
  batches: string[];
  attachments: string[];
  /** Pupils' accounts and their distributions, each of one pupil; empty in the first degree. */
  pupils: string[];
  pupilBatches: string[];
  delegations: string[];
  /** Forced changes that a head asked for. */
  changes: string[];
};

/**
 * A school that has something of everything.
 * @param name the family name of all its people, and part of what its class is called
 */
export async function fillSchool(deps: Deps, uai: string, name: string): Promise<Ids> {
  const { db } = deps;
  const guardian = (index: number, as: 'not_notified' | 'notified' | 'activating' | 'franceconnect') => ({
    givenName: 'Ada',
    familyName: name,
    identifier: `a.${name.toLowerCase()}${index}`,
    email: `a${index}@example.org`,
    as,
  });
  const guardians = [
    guardian(1, 'notified'),
    guardian(2, 'not_notified'),
    guardian(3, 'activating'),
    guardian(4, 'franceconnect'),
  ];
  const school = await db('schools').where({ uai }).first();
  const own = (index: number) => `m.${name.toLowerCase()}${index}`;
  const accounts = await seedSchool(deps, uai, {
    guardians,
    pupils: guardians.map(({ identifier }, index) => ({
      givenName: 'Max',
      familyName: name,
      class: `classe ${name}`,
      of: [identifier],
      ...(school.degree === 2
        ? { account: { identifier: own(index), as: index % 2 ? 'not_notified' : 'activated' } as const }
        : {}),
    })),
  });
  const ofFirst = await db('guardian_references as g')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .where('g.account_id', accounts.get(guardians[3]?.identifier ?? '')?.id)
    .first({ reference: 'g.id', pupil: 'l.pupil_id' });
  const actor = { actorKind: 'school', actor: 'staff:seed' } as const;
  const first = accounts.get(guardians[0]?.identifier ?? '')?.id;
  for (const channel of ['sheet', 'email'] as const)
    await notify(deps, {
      schoolId: school.id,
      accountIds: first === undefined ? [] : [first],
      channel,
      withReset: false,
      formKey: null,
      actor,
    });
  const pupil = accounts.get(own(0))?.id;
  if (pupil !== undefined)
    await notify(deps, {
      schoolId: school.id,
      of: 'pupil',
      accountIds: [pupil],
      channel: 'sheet',
      withReset: true,
      single: true,
      formKey: null,
      actor,
    });
  const batchesOf = (kind: string) =>
    db('notification_batches').where({ school_id: school.id, account_kind: kind }).pluck('public_id');
  await db('wrong_attachments').insert({
    guardian_reference_id: ofFirst.reference,
    pupil_id: ofFirst.pupil,
    state: 'open',
    reported_at: deps.clock.now(),
  });
  const publicId = () => deps.random.bytes(16).toString('base64url');
  const asked = { school_id: school.id, created_at: deps.clock.now() };
  const [delegation, change] = [publicId(), publicId()];
  await db('staff_delegations').insert({
    ...asked,
    public_id: delegation,
    email: `${name.toLowerCase()}@example.org`,
    display_name: `Ada ${name}`,
    role: 'administration',
    until_day: '2099-08-31',
    created_by: 'staff:seed',
  });
  await db('forced_changes').insert({
    ...asked,
    public_id: change,
    actor_kind: 'school',
    actor: 'staff:seed',
    criteria: JSON.stringify({ changedBefore: null }),
    notify: 0,
    state: 'done',
    cursor_id: 0,
    expected: 0,
    marked: 0,
  });
  return {
    delegations: [delegation],
    changes: [change],
    accounts: guardians.map(({ identifier }) => accounts.get(identifier)?.publicId ?? ''),
    classes: (await db('classes').where({ school_id: school.id }).pluck('id')).map(String),
    batches: await batchesOf('guardian'),
    pupils: school.degree === 2 ? guardians.map((_, index) => accounts.get(own(index))?.publicId ?? '') : [],
    pupilBatches: await batchesOf('pupil'),
    attachments: [`${ofFirst.reference}-${ofFirst.pupil}`],
  };
}
