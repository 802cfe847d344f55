import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { APACHE_MODULES, findApache } from '../../scripts/bootstrap.mjs';

export type Apache = {
  origin: string;
  /** What it has written to its error log. */
  log(): string;
  stop(): Promise<void>;
};

/** `nobody` of Debian: where the tests run as root, Apache has no rights. */
const NOBODY = 65_534;

/** Everything but the site itself; Debian's own files in /etc are not read. */
const SERVER = `
ServerName localhost
PidFile apache.pid
DefaultRuntimeDir .
ErrorLog "|/bin/cat"
LogLevel info
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
DocumentRoot pages
DirectoryIndex index.html
<Directory %FOLDER%/pages>
  Require all granted
  Options +Includes
  SetOutputFilter INCLUDES
  ForceType "text/html; charset=UTF-8"
</Directory>
`;
const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'dir', 'include'];

/**
 * A port of loopback on which nobody listens. Not one of those that the system gives to whoever asks for any: some time
 * passes before it is used, and connections of the tests beside would take it.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 30_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return freePort();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Debian's Apache on a port of loopback, in a folder of its own, without rights.
 * @param site configuration of the site
 * @param pages path below the document root -> text
 */
export async function startApache(
  port: number,
  { site, pages }: { site: string; pages: Record<string, string> },
): Promise<Apache> {
  const program = findApache();
  if (!program) throw new Error('Apache is not installed; `npm test` does that.');
  const folder = mkdtempSync(join(tmpdir(), 'ec-apache-'));
  const load = MODULES.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n');
  const files = {
    'apache.conf': `ServerRoot "${folder}"\nListen 127.0.0.1:${port}\n${load}\n${SERVER.replace('%FOLDER%', folder)}\nInclude site.conf\n`,
    'site.conf': site,
    ...Object.fromEntries(Object.entries(pages).map(([path, text]) => [`pages/${path}`, text])),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const isRoot = process.getuid?.() === 0;
  // Its files stay ours: it reads them, and writes its number only.
  chmodSync(folder, 0o755);
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const child = spawn(
    program,
    ['-d', folder, '-f', join(folder, 'apache.conf'), '-D', 'FOREGROUND', '-e', 'info'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    },
  );
  let output = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk;
      if (output.includes('resuming normal operations')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    void ended.then(() => reject(new Error(`Apache has ended:\n${output}`)));
  });
  return {
    origin: `http://localhost:${port}`,
    log: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
