import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crossChecks, faultOf } from './config/faults.ts';
import { SECRET_NAMES, schema, type Values } from './config/schema.ts';

/**
 * The configuration of a process, read once from the environment and frozen.
 * This is the only file that reads `process.env`. Every fault is listed at once.
 */

export type Config = Readonly<Values> & {
  /** Folder that holds `views/`, `public/` and `package.json`. */
  readonly rootDir: string;
  /** OpenID Provider issuer: `<BASE_URL>/oidc` (contract). */
  readonly issuer: string;
  /** True when the public address is https: cookies are then Secure and prefixed. */
  readonly secure: boolean;
};

/** Thrown with every fault of the environment, one line each; never shows a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`the configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Reads the environment into a frozen `Config`.
 * @param env the variables; empty strings count as absent
 * @throws ConfigError with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { values, faults } = readEach(given);
  faults.push(...crossChecks(values));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({
    ...values,
    rootDir: findRoot(import.meta.dirname),
    issuer: `${values.BASE_URL}/oidc`,
    secure: values.BASE_URL.startsWith('https:'),
  });
}

/** Each variable by itself, so that one that is wrong hides no other. What is wrong is left out of `values`. */
function readEach(given: Record<string, unknown>): { values: Values; faults: string[] } {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(schema.shape)) {
    const parsed = type.safeParse(given[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(...parsed.error.issues.map((issue) => `${name}: ${faultOf(issue, given[name])}`));
  }
  return { values: values as Values, faults };
}

/** The variables of this process as they are, for the demo, which makes a configuration of its own out of them. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env;

/**
 * The environment of a command: where DATABASE_URL is unset, that of the demo (`.demo/env`, KEY=VALUE lines, or in the
 * folder that DEMO_FOLDER names for the demo), with the process's own variables before it (contract).
 */
export function commandEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const file = join(env.DEMO_FOLDER || join(findRoot(import.meta.dirname), '.demo'), 'env');
  if (env.DATABASE_URL || !existsSync(file)) return env;
  const lines = readFileSync(file, 'utf8').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm);
  return { ...Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value])), ...env };
}

/** The configuration as lines `NAME=value` with the secrets masked (`educonnect config check`). */
export function describeConfig(config: Config): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = config[name as keyof Values];
    if (value === undefined) continue;
    const secretValue = (SECRET_NAMES as readonly string[]).includes(name);
    shown[name] = secretValue ? '********' : Array.isArray(value) ? value.join(',') : String(value);
  }
  return shown;
}

/** The nearest folder upwards that has a package.json: the same from `src/` and from `dist/src/`. */
function findRoot(from: string): string {
  let folder = from;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) return from;
    folder = parent;
  }
  return folder;
}
