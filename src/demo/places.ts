import { createServer } from 'node:net';
import { join } from 'node:path';

/** Ports and files of the demo (contract: « Addresses of the demo »). */

export type Ports = {
  app: number;
  franceConnect: number;
  portal: number;
  ent: number;
  lsu: number;
  outbox: number;
  smtp: number;
};

export type Files = {
  folder: string;
  database: string;
  feed: string;
  environment: string;
  personas: string;
  clients: string;
  log: string;
};

/** A fault that a person can mend: shown as a sentence. */
export class DemoError extends Error {}

const DEFAULT_BASE = 3000;

/** @param base value of DEMO_PORT_BASE, or undefined. @throws DemoError */
export function demoPorts(base: string | undefined): Ports {
  const first = base === undefined || base === '' ? DEFAULT_BASE : Number(base);
  if (!Number.isInteger(first) || first < 1024 || first > 65_500)
    throw new DemoError(`DEMO_PORT_BASE must be a port between 1024 and 65500; it is ${base}.`);
  return {
    app: first,
    franceConnect: first + 1,
    portal: first + 2,
    ent: first + 3,
    lsu: first + 4,
    outbox: first + 5,
    smtp: first + 25,
  };
}

/** @param folder where everything of the demo lies, readable by its user only */
export function demoFiles(folder: string): Files {
  return {
    folder,
    database: join(folder, 'database'),
    feed: join(folder, 'feed'),
    environment: join(folder, 'env'),
    personas: join(folder, 'personas.json'),
    clients: join(folder, 'clients.json'),
    log: join(folder, 'educonnect.log'),
  };
}

/** @throws DemoError naming the first port that somebody else listens on */
export async function assertFree(ports: Ports): Promise<void> {
  for (const port of Object.values(ports)) {
    if (await isTaken(port))
      throw new DemoError(
        `Port ${port} is in use. Stop the program that listens there, or choose another block: ` +
          'DEMO_PORT_BASE=4000 npm run demo',
      );
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(true);
      else reject(new DemoError(`Port ${port} cannot be used: ${error.message}`));
    });
    // All interfaces: whoever listens on one of them would take a part of the calls.
    probe.listen(port, () => probe.close(() => resolve(false)));
  });
}
