import { createHmac } from 'node:crypto';

/** A report that nobody takes is given up after this. */
const TIMEOUT_MS = 5000;

type Reported = { sid: string; to: string; from: string; errorCode: number | null };

export type Callbacks = {
  /** Tells one status after the other to `address`, if there is one. @param enter is called before each */
  report(
    address: string | null,
    account: { sid: string; token: string },
    message: Reported,
    statuses: readonly string[],
    enter: (status: string) => void,
  ): void;
  settled(): Promise<void>;
  stop(): Promise<void>;
};

/** Twilio's calls to StatusCallback: a form, signed with the account's token. */
export function createCallbacks(): Callbacks {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const settled = async () => {
    while (underWay.size > 0) await Promise.all(underWay);
  };
  return {
    report(address, account, message, statuses, enter) {
      const work = (async () => {
        for (const status of statuses) {
          enter(status);
          if (address === null) continue;
          const params = paramsOf(account.sid, message, status);
          await post(address, account.token, params, stopping.signal).catch(() => {});
        }
      })();
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    settled,
    async stop() {
      stopping.abort();
      await settled();
    },
  };
}

function paramsOf(accountSid: string, message: Reported, status: string): Record<string, string> {
  return {
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    From: message.from,
    MessageSid: message.sid,
    MessageStatus: status,
    SmsSid: message.sid,
    SmsStatus: status,
    To: message.to,
    ...(message.errorCode === null ? {} : { ErrorCode: String(message.errorCode) }),
  };
}

/**
 * X-Twilio-Signature: HMAC-SHA1 over the address and the fields by their names, written out here and not taken from
 * the package that checks it.
 */
export function signatureOf(token: string, address: string, params: Record<string, string>): string {
  const data = Object.keys(params)
    .sort()
    .reduce((text, name) => text + name + params[name], address);
  return createHmac('sha1', token).update(data, 'utf8').digest('base64');
}

async function post(
  address: string,
  token: string,
  params: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'x-twilio-signature': signatureOf(token, address, params) },
    body: new URLSearchParams(params),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    redirect: 'manual',
  });
  await answer.body?.cancel();
}
