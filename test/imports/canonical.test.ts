import { expect, test } from '@jest/globals';
import { createRecordReader } from '../../src/imports/parse.ts';
import { FeedError } from '../../src/imports/types.ts';
import { guardianRecord, pupilRecord } from '../support/aaf.ts';

/** What becomes of a record: by the quick way where it applies, or by the parser alone. */
function read(record: string, way: 'write' | 'writeRecord', before = ''): unknown {
  const records: unknown[] = [];
  const reader = createRecordReader('x', ({ position, verb, category, id, values }) =>
    records.push({
      position,
      verb,
      category,
      id,
      values: [...values].flatMap(([name, list]) => (list.length > 0 ? [[name, [...list]]] : [])),
    }),
  );
  try {
    reader.write(`<ficAlimMENESR>\n${before}`);
    reader[way](record);
    reader.write('</ficAlimMENESR>');
    reader.close();
  } catch (error) {
    if (error instanceof FeedError) return error.message;
    throw error;
  }
  return records;
}

const PUPIL = pupilRecord(2, {
  id: '1',
  school: 'A',
  givenName: 'Éloïse',
  guardians: [{ guardian: '51' }, { guardian: '52', code: '20' }],
});
const GUARDIAN = guardianRecord(1, { id: '51', familyName: "D'Œuvre", mobile: '06 39 98 00 01' });

const TWICE = PUPIL.replace('<value>Eleve</value>', '$&<value/><value> </value>');

test.each([
  PUPIL,
  GUARDIAN,
  GUARDIAN.replace('Lou', ' Lou  Anne\n'),
  PUPIL.replaceAll('\n', '\r\n\t'),
  TWICE,
])('a plain record reads alike both ways', (record) => {
  expect(read(record, 'writeRecord')).toEqual(read(record, 'write'));
  expect(read(record, 'write')).toMatchObject([{ verb: 'addRequest' }]);
});

const PIECES = [
  '<',
  '>',
  '/',
  '"',
  '&',
  '&amp;',
  ']]>',
  '\u0001',
  'x',
  ' ',
  '<value>',
  '</value>',
  '<value/>',
  '',
];

test('spoiled at any place, it is read or refused alike both ways', () => {
  for (const record of [PUPIL, GUARDIAN]) {
    for (let at = '<addRequest>'.length; at < record.length - '</addRequest>'.length; at += 1) {
      const piece = PIECES[at % PIECES.length] as string;
      for (const cut of [0, 1]) {
        const spoiled = record.slice(0, at) + piece + record.slice(at + cut);
        if (spoiled.indexOf('</addRequest') !== spoiled.length - '</addRequest>'.length) continue;
        expect({ spoiled, said: read(spoiled, 'writeRecord') }).toEqual({
          spoiled,
          said: read(spoiled, 'write'),
        });
      }
    }
  }
});

test('a name that an earlier record has with entities is not taken for a plain one', () => {
  const before = GUARDIAN.replace('name="ENTPersonNom"', 'name="a&lt;b"');
  const record = GUARDIAN.replace('name="ENTPersonNom"', 'name="a<b"');
  expect(read(record, 'write', before)).toContain('is no tag');
  expect(read(record, 'writeRecord', before)).toEqual(read(record, 'write', before));
});
