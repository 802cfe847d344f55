import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './bootstrap.mjs';

const ORPHANED_MS = 300;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program in the foreground, passes our signals on to it and resolves to its exit code (128 + n after signal n).
 * @param {string} command
 * @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv}} options
 * @returns {Promise<number>}
 */
export function runChild(command, args, { env = process.env } = {}) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
  const forward = (signal) => {
    // A terminal's Ctrl-C reaches the child by itself: it is in our process group.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const forget = whenNpmEnds(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      forget();
      for (const name of SIGNALS) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/**
 * npm hands SIGTERM to its shell, which ends without handing it on: our parent's end is then the only sign.
 * Calls `act` once when that happens; does nothing when npm did not start us (a server may outlive its shell).
 * @returns {() => void} stops watching
 */
export function whenNpmEnds(act) {
  if (process.env.npm_command === undefined) return () => {};
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    act();
  }, ORPHANED_MS);
  watch.unref();
  return () => clearInterval(watch);
}
