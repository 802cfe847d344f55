/**
 * A process that distributes the same accounts by mail, with new passwords, again and again, and says when it begins and
 * when it has done so. It is there to be killed.
 */
import { buildDeps } from '../../src/build-deps.ts';
import { loadConfig } from '../../src/config.ts';
import { notify } from '../../src/messages/notify.ts';

const deps = buildDeps(loadConfig());
const schoolId = Number(process.argv[2]);
const accountIds: number[] = JSON.parse(process.argv[3] ?? '[]');
for (let turn = 0; ; turn += 1) {
  const formKey = `${process.pid}-${turn}`;
  const actor = { actorKind: 'school' as const };
  process.stdout.write(`begin ${turn}\n`);
  await notify(deps, { schoolId, accountIds, channel: 'email', withReset: true, formKey, actor });
  process.stdout.write(`done ${turn}\n`);
}
