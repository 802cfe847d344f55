import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/bootstrap.mjs';

export type PageOptions = {
  /** CSS pixels; 1280 unless told, 390 is a phone. */
  width?: number;
  locale?: string;
  javaScriptEnabled?: boolean;
};

/** A page in a browser profile of its own, with what it did over the wire. */
export type TestPage = Page & { watched: Watched };

export type Watched = {
  /** Bytes received so far, headers and compressed bodies, as the network carried them. */
  bytes: () => number;
  /** Addresses asked for so far, in order. */
  requests: () => string[];
  /** Of those the ones outside the given origins (default: the origin of the page). */
  thirdParty: (allowed?: readonly string[]) => string[];
  /** Errors that the console showed and exceptions nobody caught (a refused form's 400 is not one). */
  errors: () => string[];
  /** Forgets what was counted, before a second visit, say. */
  reset: () => void;
};

export type Violation = { id: string; impact: string; help: string; nodes: string[] };

/** Quiet and alone: no calls home, no first-run pages, one process tree that ends with the test. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--no-first-run',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication',
];

let started: Promise<Browser> | undefined;

/** One Chromium for the test file; `closeBrowser` in `afterAll`. */
export function browser(): Promise<Browser> {
  started ??= launch();
  return started;
}

async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('Chromium is not installed; `npm test` does that.');
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

export async function closeBrowser(): Promise<void> {
  const running = started;
  started = undefined;
  await (await running)?.close();
}

/** Opens a page with cookies of its own; closing it closes its profile. */
export async function newPage(options: PageOptions = {}): Promise<TestPage> {
  const width = options.width ?? 1280;
  const context = await (await browser()).newContext({
    viewport: { width, height: width < 600 ? 844 : 900 },
    locale: options.locale ?? 'fr-FR',
    javaScriptEnabled: options.javaScriptEnabled ?? true,
    timezoneId: 'Europe/Paris',
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.once('close', () => void context.close().catch(() => {}));
  return Object.assign(page, { watched: await watch(context, page) });
}

/** What axe finds on the page as it stands (WCAG 2.2 A and AA and its best practices). */
export async function accessibilityViolations(page: Page): Promise<Violation[]> {
  // Our pages have no frames: without the second page that axe opens for them, it takes half the time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations.map(({ id, impact, help, nodes }) => ({
    id,
    impact: impact ?? 'unknown',
    help,
    nodes: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  }));
}

async function watch(context: BrowserContext, page: Page): Promise<Watched> {
  let bytes = 0;
  let requests: string[] = [];
  let errors: string[] = [];
  const visited = new Set<string>();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  page.on('request', (request) => {
    if (/^https?:/.test(request.url())) requests.push(request.url());
    if (request.isNavigationRequest()) visited.add(request.url());
  });
  page.on('console', (message) => {
    // Chromium reports a 4xx answer as an error of the console; a refused form's page is one on purpose.
    const refused = / status of 4\d\d /.test(message.text()) && visited.has(message.location().url);
    if (message.type() === 'error' && !refused) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  return {
    bytes: () => bytes,
    requests: () => [...requests],
    thirdParty: (allowed = [new URL(page.url()).origin]) =>
      requests.filter((address) => !allowed.includes(new URL(address).origin)),
    errors: () => [...errors],
    reset: () => {
      bytes = 0;
      requests = [];
      errors = [];
    },
  };
}
