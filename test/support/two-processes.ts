import { type Program, runProgram } from './program.ts';
import { type Answer, createVisitor, type FormFields, postOf, readForm, type Visitor } from './visitor.ts';

/** Two server processes on one database, as behind a load balancer, for what happens at once. */
export type TwoProcesses = {
  visitorAt(index: number): Visitor;
  /**
   * Sends a form of this page so many times at once, at each process in turn with the cookies of this visitor.
   * Redirects are not followed.
   */
  sendAtOnce(visitor: Visitor, page: Answer, sent?: SentAtOnce): Promise<Answer[]>;
  /** What the processes have told of faults and of deadlocks that somebody saw; null: nothing. */
  faults(): string[] | null;
  stop(): Promise<void>;
};

export type SentAtOnce = { fields?: FormFields; action?: string; times?: number };

/** @param base BASE_URL; nobody listens there */
export async function startTwoProcesses(databaseUrl: string, base: string): Promise<TwoProcesses> {
  const environment = {
    NODE_ENV: 'test',
    BASE_URL: base,
    DATABASE_URL: databaseUrl,
    ALLOW_INSECURE_ISSUER: '1',
    HTTP_LOOPBACK_CLIENTS: '1',
    COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
    SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
    SUBJECT_SALT: 'subject-salt-of-the-test-suite',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ARGON2_MEMORY_KIB: '1024',
    LOG_LEVEL: 'warn',
    LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
  };
  const start = async () => {
    const program = runProgram('test/conformance/server.ts', [], environment);
    const [, port] = await program.says(/listening on (\d+)\./);
    return { program, address: `http://127.0.0.1:${port}` };
  };
  const processes = await Promise.all([start(), start()]);
  const visitorAt = (index: number) =>
    createVisitor((processes[index % 2] as { address: string }).address, { known: base });
  return {
    visitorAt,
    async sendAtOnce(visitor, page, { fields = {}, action = '', times = 20 } = {}) {
      const form = readForm(page, action);
      const body = new URLSearchParams({ ...form.hidden, ...fields }).toString();
      const browsers = [0, 1].map((index) => {
        const copy = visitorAt(index);
        copy.cookies.push(...visitor.cookies);
        return copy;
      });
      const sendings = Array.from({ length: times }, (_, index) => browsers[index % 2] as Visitor);
      return Promise.all(sendings.map((browser) => browser.send(form.action, postOf(body))));
    },
    faults: () =>
      processes
        .map(({ program }: { program: Program }) => program.output())
        .join('')
        .match(/EC-500|ER_LOCK_DEADLOCK/g),
    async stop() {
      for (const { program } of processes) {
        program.child.kill('SIGKILL');
        await program.ended;
      }
    },
  };
}

/** The different answers among these: status and where they lead. */
export const kindsOf = (answers: readonly Answer[]): string[] => [
  ...new Set(answers.map(({ status, headers }) => `${status} ${headers.location ?? ''}`.trim())),
];
