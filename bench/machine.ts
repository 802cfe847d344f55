/** What the kernel knows of a process (proc(5)), and what this machine is. Linux only. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** `sysconf(_SC_CLK_TCK)` on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds, user and system of all threads, since the process began; 0 when it has gone. */
export function cpuSeconds(pid: number): number {
  const text = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces: fields are counted behind it. utime and stime are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND || 0;
}

/** The same of a process and of those that it has started. */
export function cpuSecondsOfAll(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuSecondsOfAll(child), cpuSeconds(pid));
}

/** Those that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').map(Number).filter(Boolean);
}

/** Seconds that the cores of this machine have worked and idled since it was started, whoever for. */
export function coreSeconds(): { busy: number; all: number } {
  const sums = cpus().map(({ times }) => {
    const { user, nice, sys, idle, irq } = times;
    return { busy: user + nice + sys + irq, all: user + nice + sys + irq + idle };
  });
  const sum = (key: 'busy' | 'all') => sums.reduce((total, core) => total + core[key], 0) / 1000;
  return { busy: sum('busy'), all: sum('all') };
}

/** Resident memory in MiB: now, and the most since the process began. */
export function memoryMiB(pid: number): { now: number; peak: number } {
  const text = read(`/proc/${pid}/status`);
  const size = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024;
  return { now: size('VmRSS'), peak: size('VmHWM') };
}

/** CPU seconds and peak memory of a process until it ends, looked at ten times a second. */
export function watchProcess(pid: number): { stop(): { cpu: number; peak: number } } {
  let cpu = 0;
  let peak = 0;
  const look = () => {
    cpu = Math.max(cpu, cpuSeconds(pid));
    peak = Math.max(peak, memoryMiB(pid).peak);
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      look();
      return { cpu, peak };
    },
  };
}

/** The same of those that a process starts: the CPU of all together, the peak of the largest. */
export function watchChildren(pid: number): { stop(): { cpu: number; peak: number } } {
  const cpu = new Map<number, number>();
  let peak = 0;
  const look = () => {
    for (const child of childrenOf(pid)) {
      cpu.set(child, Math.max(cpu.get(child) ?? 0, cpuSeconds(child)));
      peak = Math.max(peak, memoryMiB(child).peak);
    }
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      clearInterval(timer);
      return { cpu: [...cpu.values()].reduce((sum, one) => sum + one, 0), peak };
    },
  };
}

/** One line for the head of the tables. */
export function describeMachine(database: string): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores, ${memory} GiB, ${type()} ${release().split('-')[0]}, Node.js ${process.versions.node}, ${database}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
