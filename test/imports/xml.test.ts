import { expect, test } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { createXmlReader, XmlError } from '../../src/imports/xml.ts';

const LIMITS = { depth: 12, attributes: 20, pendingChars: 1000 };

/** The document as one line of events, neighbouring texts joined; or why it was refused. */
function read(document: string, pieces = 1): string {
  const events: string[] = [];
  const text = (part: string) => {
    const last = events.at(-1);
    if (last?.startsWith('text:')) events[events.length - 1] = last + part;
    else events.push(`text:${part}`);
  };
  const reader = createXmlReader(
    {
      open: (name, attributes) => events.push(`open:${name}${JSON.stringify(attributes)}`),
      close: (name) => events.push(`close:${name}`),
      text,
      comment: () => {},
      doctype: () => {},
    },
    LIMITS,
  );
  try {
    const size = Math.max(1, Math.ceil(document.length / pieces));
    for (let at = 0; at < document.length; at += size) reader.write(document.slice(at, at + size));
    reader.close();
  } catch (error) {
    if (error instanceof XmlError) return `refused ${error.kind}`;
    throw error;
  }
  return events.join('\n');
}

/** The same by a parser that is used all over the world. */
function oracle(document: string): string {
  const events: string[] = [];
  const parser = new SaxesParser();
  const text = (part: string) => {
    const last = events.at(-1);
    if (last?.startsWith('text:')) events[events.length - 1] = last + part;
    else events.push(`text:${part}`);
  };
  let depth = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    depth += 1;
    events.push(`open:${tag.name}${JSON.stringify(tag.attributes)}`);
  });
  parser.on('closetag', (tag) => {
    depth -= 1;
    events.push(`close:${tag.name}`);
  });
  parser.on('text', (part) => depth > 0 && text(part));
  parser.on('cdata', (part) => part !== '' && text(part));
  try {
    parser.write(document).close();
  } catch {
    return 'refused';
  }
  return events.join('\n');
}

const GOOD = [
  '<a/>',
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a SYSTEM "a.dtd">\n<!-- x --><a b="1" c=\'2 > "1\'>t<b/>u</a>\n<!-- end -->',
  '<a>&amp;&lt;&gt;&apos;&quot;&#233;&#xe9;&#x1F600;</a>',
  '<a b="&lt;&#65;">x<![CDATA[<&]]>y</a>',
  '<a >\t<b  x = "1"   /></a >',
  '<é:ü>ñ</é:ü>',
  '<a><?pi some > thing?>x</a>',
  '<a><![CDATA[]]></a>',
];
const BAD = [
  '',
  '   ',
  '<a>',
  '<a></b>',
  '<a/><b/>',
  'x<a/>',
  '<a/>x',
  '<a b=1/>',
  '<a b="1" b="2"/>',
  '<a b="1"c="2"/>',
  '<a b="<"/>',
  '<a>&nbsp;</a>',
  '<a>& b</a>',
  '<a>&#0;</a>',
  '<a>&#xD800;</a>',
  '<a>\u0001</a>',
  '<a>]]></a>',
  '<a><!-- -- --></a>',
  '<a><!-- x',
  '</a>',
  '<a></a></a>',
  '< a/>',
  '<1a/>',
  '<a/><!DOCTYPE a>',
  ' <?xml version="1.0"?><a/>',
  '<?xml version="1.0" encoding="UTF-8" ?',
  '<a><![CDATA[x</a>',
  '<a b="1></a>',
  '<a><b></a></b>',
  '<![CDATA[x]]><a/>',
];

test.each(GOOD)('%s reads as it should, whole or in pieces of any size', (document) => {
  const expected = oracle(document);
  expect(expected).not.toBe('refused');
  for (const pieces of [1, 2, 3, document.length]) expect(read(document, pieces)).toBe(expected);
});

test.each(BAD)('"%s" is refused, whole or in pieces', (document) => {
  expect(oracle(document)).toBe('refused');
  expect(read(document)).toMatch(/^refused/);
  expect(read(document, document.length)).toMatch(/^refused/);
});

test('documents broken at random are read, or refused, as the other parser does', () => {
  let seed = 42;
  const random = (max: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * max);
  };
  const splices = [
    '<',
    '>',
    '"',
    "'",
    '&',
    ';',
    '/',
    '=',
    ' ',
    'x',
    ']]>',
    '<!--',
    '-->',
    '<b>',
    '</a>',
    '&amp;',
    '<b/>',
    '?>',
    '\n',
    'é',
  ];
  for (let round = 0; round < 4000; round += 1) {
    let document = GOOD[random(GOOD.length)] as string;
    for (let times = 1 + random(3); times > 0; times -= 1) {
      const at = random(document.length + 1);
      document =
        document.slice(0, at) + (splices[random(splices.length)] as string) + document.slice(at + random(3));
    }
    const ours = read(document, 1 + random(4)).replace(/^refused.*/, 'refused');
    const theirs = oracle(document);
    if (ours !== theirs) throw new Error(`${JSON.stringify(document)}\nours: ${ours}\ntheirs: ${theirs}`);
  }
});

test('what defines or nests or does not end is called hostile (I05)', () => {
  expect(read('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')).toBe('refused hostile');
  expect(read('<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname">%x;]><a/>')).toBe('refused hostile');
  expect(read(`${'<a>'.repeat(13)}${'</a>'.repeat(13)}`)).toBe('refused hostile');
  expect(read(`<a>${'x'.repeat(5000)}`, 10)).toBe('refused hostile');
  expect(read(`<a b="${'x'.repeat(5000)}`, 10)).toBe('refused hostile');
  expect(read(`<a><!--${'<x>'.repeat(5000)}`, 20)).toBe('refused hostile');
  expect(read(`<a ${Array.from({ length: 21 }, (_, i) => `b${i}="1"`).join(' ')}/>`)).toBe('refused hostile');
});

test('an element called __proto__ and such an attribute are nothing special', () => {
  expect(read('<a __proto__="x" constructor="y"/>')).toBe(
    'open:a{"__proto__":"x","constructor":"y"}\nclose:a',
  );
});

test('a value made of a million « > » is looked through once, not once a sign', () => {
  const long = `<a b="${'>'.repeat(900_000)}`;
  const seen: string[] = [];
  const reader = createXmlReader(
    {
      open: (name) => seen.push(name),
      close: () => {},
      text: () => {},
      comment: () => {},
      doctype: () => {},
    },
    { ...LIMITS, pendingChars: 1_000_000 },
  );
  for (let at = 0; at < long.length; at += 65_536) reader.write(long.slice(at, at + 65_536));
  reader.write('"/>');
  reader.close();
  expect(seen).toEqual(['a']);
});
