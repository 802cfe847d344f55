import type { ConnectionOptions } from 'mysql2';

/**
 * The hosts of one database, of which one is written to at a time; shared by the pools of a process, so that all of it
 * reads what it has just written. Who replicates, and who makes another host the one that is written to, is not us.
 */
export type Hosts = {
  /** The one that was good last first, then the others in the order of DATABASE_URL. */
  inOrder(): ConnectionOptions[];
  /** This host takes writes. @returns the era to which its connections belong */
  found(host: ConnectionOptions): number;
  /** A host refuses writes that took them: every connection made so far is to be looked at no more. */
  turnedReadOnly(): void;
  /** Whether connections of that era may still be used. */
  isCurrent(era: number): boolean;
  /** With a single host nobody else could be asked. */
  several: boolean;
};

export function createHosts(url: string): Hosts {
  const hosts = parseDatabaseUrl(url);
  const several = hosts.length > 1;
  let current = hosts[0] as ConnectionOptions;
  let era = 0;
  return {
    several,
    inOrder: () => [current, ...hosts.filter((host) => host !== current)],
    found(host) {
      if (host !== current) {
        current = host;
        era += 1;
      }
      return era;
    },
    turnedReadOnly() {
      if (several) era += 1;
    },
    isCurrent: (of) => of === era,
  };
}

/** @throws Error when the address is not a mysql:// address with a database name */
export function parseDatabaseUrl(url: string): ConnectionOptions[] {
  const parts = /^mysql:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]+)\/([^?]+)(?:\?(.*))?$/.exec(url);
  if (!parts) throw new Error('DATABASE_URL must look like mysql://user:password@host:3306/name');
  const [, user = 'root', password = '', hosts = '', database = '', query = ''] = parts;
  const socketPath = new URLSearchParams(query).get('socketPath');
  const account = { user: decodeURIComponent(user), password: decodeURIComponent(password), database };
  if (socketPath) return [{ ...account, socketPath }];
  return hosts.split(',').map((entry) => {
    const [host = 'localhost', port = '3306'] = entry.split(':');
    return { ...account, host, port: Number(port) };
  });
}

/** Each host by itself, to look whether it is there (`educonnect doctor`). */
export function eachHost(url: string): { name: string; hosts: Hosts }[] {
  return parseDatabaseUrl(url).map((host) => ({
    name: host.socketPath ?? `${host.host}:${host.port}`,
    hosts: {
      several: false,
      inOrder: () => [host],
      found: () => 0,
      turnedReadOnly: () => {},
      isCurrent: () => true,
    },
  }));
}
