/**
 * Whether the time of an answer tells if somebody is known (security.md, E01): the same form for a person whom the
 * school knows and for one whom it does not, in turn, each in a sign-in and from an address of its own. What is
 * measured is the post alone.
 */
import { FICTION, FORMS, type Form, nobody, type Person } from './enumeration-forms.ts';
import { type BesideFranceConnect, openFranceConnect, passFranceConnect } from './franceconnect.ts';
import { type Browser, CALLBACK, csrfOf, newBrowser, pathOf, type Side, visit } from './operations.ts';
import { identifierOf } from './people.ts';
import { type Ours, openOurs } from './sides.ts';
import { median, percentile, table } from './table.ts';

/** Difference of the medians that is allowed. */
const LIMIT_MS = 5;
const MOST_PEOPLE = 4000;
export type EnumerationSettings = {
  folder: string;
  /** Of EduConnect; FranceConnect takes the next one. */
  port: number;
  accounts: number;
  pairs: number;
  /** Lighter hashes, for a smoke test only. */
  env?: Record<string, string>;
};

export type EnumerationSample = { what: string; known: number[]; unknown: number[] };

export async function measureEnumeration(
  { folder, port, accounts, pairs, env }: EnumerationSettings,
  say: (line: string) => void,
): Promise<{ samples: EnumerationSample[]; version: string }> {
  const people = Math.min(pairs, MOST_PEOPLE);
  const franceConnect = await openFranceConnect(port + 1, `http://localhost:${port}`);
  let ours: Ours | undefined;
  try {
    ours = await openOurs({
      folder,
      port,
      accounts: Math.max(accounts, people),
      env: { ...OPEN, ...franceConnect.env, ...env },
    });
    const { database, side } = ours;
    // Numbers of their own for those who are measured; with shared ones the names would have to tell them apart.
    await database.sql.raw(
      `UPDATE guardian_references SET mobile = IF(id <= ?, CONCAT('${FICTION}', LPAD(id, 4, '0')), NULL)`,
      [people],
    );
    const known = await readPeople(database.sql, people);
    const samples: EnumerationSample[] = [];
    const next = { browser: 1 };
    for (const [turn, form] of FORMS.entries()) {
      say(`${form.what}: ${pairs} pairs`);
      const sample: EnumerationSample = { what: form.what, known: [], unknown: [] };
      for (let pair = -WARM_UP; pair < pairs; pair += 1) {
        // Not with those whom the form before ended with: they have to wait for another code.
        const index = (pair + WARM_UP + turn * 2 * WARM_UP) % people;
        const sides = [
          { into: sample.known, person: known[index] as Person },
          { into: sample.unknown, person: nobody(index) },
        ];
        // Neither always comes first.
        for (const { into, person } of pair % 2 === 0 ? sides : sides.reverse()) {
          const took = await post({ side, franceConnect }, next.browser++, form, person);
          if (pair >= 0) into.push(took);
        }
      }
      samples.push(sample);
    }
    return { samples, version: database.version };
  } finally {
    await ours?.close();
    await franceConnect.stop();
  }
}

/** Pairs of which nothing is kept: compilers, pools, caches. */
const WARM_UP = 25;

/** No limit is in the way, and SMS are offered; none leaves, nobody listens there. */
const OPEN = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token-of-the-bench-0123456789',
  TWILIO_BASE_URL: 'http://127.0.0.1:1',
  SMS_DAILY_BUDGET: '10000000',
  CODE_PAUSE_SECONDS: '1',
  CODES_PER_NUMBER_15_MINUTES: '100',
  CODES_PER_NUMBER_DAY: '100',
  CODES_PER_ACCOUNT_DAY: '100',
};

async function readPeople(
  sql: Awaited<ReturnType<typeof openOurs>>['database']['sql'],
  people: number,
): Promise<Person[]> {
  const rows: { id: number; familyName: string; givenName: string; mobile: string }[] = await sql(
    'guardian_references',
  )
    .select({ id: 'id', familyName: 'family_name', givenName: 'given_name', mobile: 'mobile' })
    .where('id', '<=', people)
    .orderBy('id');
  return rows.map(({ id, ...names }) => ({
    ...names,
    identifier: identifierOf(id),
    email: `parent${id}@example.org`,
  }));
}

type Servers = { side: Side; franceConnect: BesideFranceConnect };

/** @returns milliseconds of the post. @throws when a page was not what it should be */
async function post(
  { side, franceConnect }: Servers,
  number: number,
  form: Form,
  person: Person,
): Promise<number> {
  const browser = newBrowser(side, number);
  const at = await begin(browser);
  if (form.franceConnect) await passFranceConnect(browser, at, franceConnect.origin);
  const path = `${at}/${form.page}`;
  const _csrf = csrfOf(await visit(browser, path), path);
  const began = performance.now();
  const answer = await visit(browser, path, { form: { _csrf, ...form.fields(person) } });
  const took = performance.now() - began;
  const expected = form.page.startsWith('connexion') ? 400 : 303;
  if (answer.status !== expected) throw new Error(`${form.what}: ${answer.status} instead of ${expected}`);
  return took;
}

async function begin(browser: Browser): Promise<string> {
  const query = new URLSearchParams({
    client_id: browser.side.clients.plain.id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
  });
  return pathOf(await visit(browser, `${browser.side.paths.authorization}?${query}`));
}

export function enumerationTable(samples: readonly EnumerationSample[]): string {
  return table(
    [
      'form',
      'pairs',
      'known p50 ms',
      'unknown p50 ms',
      'difference ms',
      'known p95',
      'unknown p95',
      `within ${LIMIT_MS} ms`,
    ],
    samples.map(({ what, known, unknown }) => {
      const difference = median(known) - median(unknown);
      return [
        what,
        known.length,
        median(known),
        median(unknown),
        difference.toFixed(2),
        percentile(known, 0.95),
        percentile(unknown, 0.95),
        Math.abs(difference) <= LIMIT_MS ? 'yes' : 'no',
      ];
    }),
  );
}
