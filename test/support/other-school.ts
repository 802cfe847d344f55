import type { Deps } from '../../src/deps.ts';
import { notify } from '../../src/messages/notify.ts';
import { seedSchool } from './school-accounts.ts';

/** Whatever the staff's addresses and forms may name, of one school. */
export type Ids = { accounts: string[]; classes: string[]; batches: string[]; attachments: string[] };

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
  const accounts = await seedSchool(deps, uai, {
    guardians,
    pupils: guardians.map(({ identifier }) => ({
      givenName: 'Max',
      familyName: name,
      class: `classe ${name}`,
      of: [identifier],
    })),
  });
  const school = await db('schools').where({ uai }).first();
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
  await db('wrong_attachments').insert({
    guardian_reference_id: ofFirst.reference,
    pupil_id: ofFirst.pupil,
    state: 'open',
    reported_at: deps.clock.now(),
  });
  return {
    accounts: guardians.map(({ identifier }) => accounts.get(identifier)?.publicId ?? ''),
    classes: (await db('classes').where({ school_id: school.id }).pluck('id')).map(String),
    batches: await db('notification_batches').where({ school_id: school.id }).pluck('public_id'),
    attachments: [`${ofFirst.reference}-${ofFirst.pupil}`],
  };
}
