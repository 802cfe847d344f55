import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Everything in memory, forgotten when it is dead. */
export function memoryAdapter(): AdapterFactory {
  const rows = new Map<string, { payload: AdapterPayload; until: number }>();
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`;
    const read = (key: string) => {
      const row = rows.get(key);
      if (row && row.until > Date.now()) return row.payload;
      rows.delete(key);
      return undefined;
    };
    const adapter: Adapter = {
      upsert: async (id, payload, seconds = 0) => {
        for (const [key, row] of rows) if (row.until <= Date.now()) rows.delete(key);
        rows.set(keyOf(id), { payload, until: Date.now() + seconds * 1000 });
      },
      find: async (id) => read(keyOf(id)),
      findByUid: async (uid) => {
        const found = [...rows].find(
          ([key, { payload }]) => key.startsWith(`${model}:`) && payload.uid === uid,
        );
        return found && read(found[0]);
      },
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const payload = read(keyOf(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        rows.delete(keyOf(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of rows) if (payload.grantId === grantId) rows.delete(key);
      },
    };
    return adapter;
  };
}
