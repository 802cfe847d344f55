import { expect, test } from '@jest/globals';
import { collectKnown, createKnownSpace, type KnownRecords } from '../../src/imports/known-records.ts';
import { createBytesReader } from '../../src/imports/record-reader.ts';
import { FeedError } from '../../src/imports/types.ts';
import { guardianRecord } from '../support/aaf.ts';

/** Records are looked for among bytes, whose pieces end anywhere. */
const one = (id: string, familyName = "D'Œuvre") => guardianRecord(1, { id, familyName });
const DOCUMENT = Buffer.from(
  [
    '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<ficAlimMENESR>',
    one('1'),
    '<!-- é <addRequest> ',
    one('2').replace('</addRequest>', ''),
    '-->\r\n',
    one('3'),
    one('4').replace('</addRequest>', '</addRequest >'),
    one('5', 'NAME').replace('NAME', 'x<![CDATA[</addRequest>]]>&amp;'),
    '<?target <addRequest>?>',
    one('6').replace('<addRequest>', '<addRequest >'),
    one('7', 'Été 𝒳'),
    '</ficAlimMENESR>\n',
  ].join('\n'),
);

type Said = { id: string; names: unknown; digest?: string };

function read(pieces: readonly Buffer[], known: KnownRecords | null): Said[] | string {
  const said: Said[] = [];
  const reader = createBytesReader('x', known, ['rules'], {
    record: ({ id, values, digest }) =>
      said.push({ id, names: [...(values.get('ENTPersonNom') ?? [])], ...(digest && { digest }) }),
    unchanged: () => said.push({ id: 'known', names: [] }),
  });
  try {
    for (const piece of pieces) reader.write(piece);
    reader.close();
  } catch (error) {
    if (error instanceof FeedError) return error.message;
    throw error;
  }
  return said;
}

const cutAt = (at: number) => [DOCUMENT.subarray(0, at), DOCUMENT.subarray(at)];
const bare = (said: Said[] | string) =>
  typeof said === 'string' ? said : said.map(({ id, names }) => ({ id, names }));

test('wherever its bytes are cut, a file says the same, and only whole records can be known again', async () => {
  const whole = read([DOCUMENT], null);
  expect(bare(whole)).toEqual([
    { id: '1', names: ["D'Œuvre"] },
    { id: '3', names: ["D'Œuvre"] },
    { id: '4', names: ["D'Œuvre"] },
    { id: '5', names: ['x</addRequest>&'] },
    { id: '6', names: ["D'Œuvre"] },
    { id: '7', names: ['Été 𝒳'] },
  ]);
  const digests = new Map((whole as Said[]).map(({ id, digest }) => [id, digest]));
  expect([...digests].filter(([, digest]) => digest).map(([id]) => id)).toEqual(['1', '3', '7']);
  async function* rows() {
    yield ['1', '7'].map((id, index) => ({
      id: index + 1,
      schoolNo: 1,
      digest: Buffer.from(digests.get(id) as string, 'hex'),
    }));
  }
  const known = await collectKnown(rows(), createKnownSpace());
  for (let at = 4; at < DOCUMENT.length; at += 1) {
    const said = read(cutAt(at), null);
    expect({ at, said: bare(said) }).toEqual({ at, said: bare(whole) });
    for (const { id, digest } of said as Said[]) {
      if (digest !== undefined) expect({ at, id, digest }).toEqual({ at, id, digest: digests.get(id) });
    }
    const others = (read(cutAt(at), known) as Said[]).filter(({ id }) => id !== 'known');
    expect({ at, others: others.map(({ id }) => id).filter((id) => id !== '1' && id !== '7') }).toEqual({
      at,
      others: ['3', '4', '5', '6'],
    });
    expect({ at, count: (read(cutAt(at), known) as Said[]).length }).toEqual({ at, count: 6 });
  }
});

test('cut off anywhere, a file whose records are known is refused', async () => {
  const digests = (read([DOCUMENT], null) as Said[]).flatMap(({ digest }) => digest ?? []);
  async function* rows() {
    yield digests.map((digest, index) => ({
      id: index + 1,
      schoolNo: 1,
      digest: Buffer.from(digest, 'hex'),
    }));
  }
  const known = await collectKnown(rows(), createKnownSpace());
  const end = DOCUMENT.lastIndexOf('>');
  for (let at = 4; at < end; at += 1) {
    expect({ at, said: read([DOCUMENT.subarray(0, at)], known) }).toEqual({ at, said: expect.any(String) });
  }
});
