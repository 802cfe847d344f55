import argon2 from 'argon2';
import type { Config } from '../config.ts';

/** Thrown when the gate is full: the answer is 503 with Retry-After, and no password was looked at. */
export class HasherBusy extends Error {
  constructor() {
    super('too many passwords are being checked');
    this.name = 'HasherBusy';
  }
}

/**
 * argon2id behind a gate (security.md 0.4): so many run at once, so many wait, the rest are turned away, so that
 * a burst of logins neither starves the thread pool nor grows a queue without end.
 */
export type PasswordHasher = {
  /** @returns a PHC string. @throws HasherBusy */
  hash(password: string): Promise<string>;
  /** @throws HasherBusy */
  verify(phc: string, password: string): Promise<boolean>;
  /** The same work as `verify`, for an unknown identifier or a provisional password. @throws HasherBusy */
  pretend(password: string): Promise<void>;
  /** True when a stored hash is weaker than the configuration asks: rehash at the next login (C07). */
  needsRehash(phc: string): boolean;
  /** How many run and wait now, for metrics. */
  load(): { running: number; waiting: number };
};

type HasherSettings = Pick<
  Config,
  'ARGON2_MEMORY_KIB' | 'ARGON2_PASSES' | 'ARGON2_RUNNING' | 'ARGON2_WAITING'
>;

/** A stored hash that asks for more memory than this is refused: it cannot be ours. */
const MEMORY_CEILING_KIB = 1_048_576;

export function createPasswordHasher(settings: HasherSettings): PasswordHasher {
  const options = {
    type: argon2.argon2id,
    memoryCost: settings.ARGON2_MEMORY_KIB,
    timeCost: settings.ARGON2_PASSES,
    parallelism: 1,
  } as const;
  const gate = createGate(settings.ARGON2_RUNNING, settings.ARGON2_WAITING);
  let dummy: Promise<string> | undefined;
  const verify = (phc: string, password: string) => {
    const memory = Number(/\$m=(\d+),/.exec(phc)?.[1] ?? Number.POSITIVE_INFINITY);
    if (!phc.startsWith('$argon2id$') || memory > MEMORY_CEILING_KIB) return Promise.resolve(false);
    return gate.run(() => argon2.verify(phc, composed(password)));
  };
  return {
    hash: (password) => gate.run(() => argon2.hash(composed(password), options)),
    verify,
    async pretend(password) {
      dummy ??= argon2.hash('the password of nobody', options);
      await verify(await dummy, password);
    },
    needsRehash: (phc) => argon2.needsRehash(phc, options),
    load: gate.load,
  };
}

/** The same letters on every keyboard: some systems type an accented letter as two signs (C09). */
const composed = (password: string) => password.normalize('NFC');

function createGate(running: number, waiting: number) {
  const queue: (() => void)[] = [];
  let active = 0;
  return {
    load: () => ({ running: active, waiting: queue.length }),
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (active >= running) {
        if (queue.length >= waiting) throw new HasherBusy();
        await new Promise<void>((resolve) => queue.push(resolve));
      } else {
        active += 1;
      }
      try {
        // The place belongs to the work, not to the request: a client that hangs up does not free it early.
        return await work();
      } finally {
        const next = queue.shift();
        if (next) next();
        else active -= 1;
      }
    },
  };
}
