import { type Degree, FeedError, type FeedFile } from './types.ts';

/** What a feed speaks for: all pupils of an académie and degree, or (delta) the changes among them. */
export type FeedBase = {
  academyCode: string;
  degree: Degree;
  delta: boolean;
  exportedOn: string | null;
  staff: boolean;
};
export type Bases = { add(file: FeedFile): void; all(): FeedBase[] };

/** What the files of a feed speak for, gathered file by file; one without académie lists schools of several. */
export function createBases(): Bases {
  const bases = new Map<string, FeedBase>();
  return {
    /** @throws FeedError when a base comes both whole and as changes */
    add(file) {
      const { academyCode, degree, delta, exportedOn } = file;
      if (academyCode === null) return;
      const key = `${academyCode}|${degree}`;
      const base = bases.get(key) ?? { academyCode, degree, delta, exportedOn, staff: false };
      if (base.delta !== delta) {
        throw new FeedError(file.name, `the base ${academyCode}, ${degree}D comes both whole and as changes`);
      }
      if (exportedOn !== null && (base.exportedOn === null || exportedOn < base.exportedOn)) {
        base.exportedOn = exportedOn;
      }
      if (file.type === 'PersEducNat') base.staff = true;
      bases.set(key, base);
    },
    all: () => [...bases.values()],
  };
}
