import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTwilioStub } from '../../src/demo/twilio-stub.ts';
import type { Deps } from '../../src/deps.ts';
import { createTwilioGateway } from '../../src/gateways/twilio.ts';
import { closeServer } from './app.ts';

/** The sample carrier of the demo, and the real gateway on the way to it. */
export type Carrier = {
  url: string;
  /** Environment variables by which an application finds it. */
  env: { TWILIO_ACCOUNT_SID: string; TWILIO_AUTH_TOKEN: string; TWILIO_BASE_URL: string };
  /** What telephones have received, the oldest first. */
  phones: { to: string; text: string }[];
  /** Gives an application the real gateway, once its address is known. @param timeoutMs of a request */
  connect(deps: Deps, timeoutMs?: number): void;
  /** Resolves when no report of a delivery is under way any more. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

export async function startCarrier(): Promise<Carrier> {
  const phones: Carrier['phones'] = [];
  const stub = createTwilioStub((sms) => phones.push(sms));
  const server = createServer((request, response) => void stub.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    env: {
      TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'token-of-the-test-suite',
      TWILIO_BASE_URL: url,
    },
    phones,
    connect(deps, timeoutMs) {
      deps.sms = createTwilioGateway(deps.config, timeoutMs === undefined ? {} : { timeoutMs });
    },
    settled: stub.settled,
    async close() {
      await stub.stop();
      await closeServer(server);
    },
  };
}
