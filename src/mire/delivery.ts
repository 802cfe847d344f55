import { recordFailedCheck } from '../enrolment/failed-checks.ts';
import type { Context } from '../http/context.ts';
import { parseBody } from '../http/form.ts';
import { noteDelivery } from '../messages/delivery.ts';
import type { Mire } from './visit.ts';

/**
 * POST /sms/etat: the carrier tells what became of an SMS. A machine's call: its signature over the public address
 * and the fields stands for the CSRF token, and nobody without it learns anything (403).
 */
export async function takeDeliveryReport({ deps }: Pick<Mire, 'deps'>, ctx: Context): Promise<void> {
  const form = await parseBody(ctx.req);
  const url = new URL(ctx.originalUrl, deps.config.BASE_URL);
  // The address as the carrier was told it, whatever a proxy made of the host.
  const report = {
    signature: ctx.get('X-Twilio-Signature'),
    url: `${deps.config.BASE_URL}${ctx.originalUrl}`,
    params: Object.fromEntries(form),
  };
  if (deps.sms === null || !(await deps.sms.isGenuine(report))) {
    ctx.status = 403;
    ctx.body = 'not signed by the carrier\n';
    return;
  }
  await noteDelivery(
    deps,
    {
      reference: url.searchParams.get('m') ?? '',
      sid: form.get('MessageSid') ?? '',
      status: form.get('MessageStatus') ?? '',
      code: form.get('ErrorCode') || null,
    },
    (db, { way, accountIds }) => recordFailedCheck(db, deps, { way, accountIds, failed: 'delivery' }),
  );
  ctx.status = 204;
}
