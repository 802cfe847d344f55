import { createCanonicalReader, createValueLists } from './canonical.ts';
import { FeedError, type FeedRecord } from './types.ts';
import { createXmlReader, XmlError } from './xml.ts';

/** Limits that no real feed comes near; they keep a hostile file from filling the memory (I05). */
const XML_LIMITS = { depth: 12, attributes: 20, pendingChars: 1_000_000 };
const MAX_RECORD_CHARS = 2_000_000;

const ROOT = 'ficAlimMENESR';
const DOCTYPE = /^\s+ficAlimMENESR\s*((SYSTEM|PUBLIC\s*("[^"]*"|'[^']*'))\s*("[^"]*"|'[^']*'))?\s*$/;

export type FeedHeader = {
  academyCode: string | null;
  degree: 1 | 2 | null;
  /** Day of the export, YYYY-MM-DD. */
  exportedOn: string | null;
  /** How many records the file says that it holds. */
  records: number | null;
};

export type RecordReader = {
  write(text: string): void;
  /** Takes a text that begins between two records with `<addRequest>` and ends with the first `</addRequest>`. */
  writeRecord(text: string): void;
  /** Ends the document. @throws FeedError when it is cut off */
  close(): void;
  header: FeedHeader;
  /** True between two records, when all that was written has been taken. */
  between(): boolean;
  /** Counts a record that is not written, because all is known of it. */
  skip(): void;
};

/**
 * Turns the XML of one feed file into records, holding never more than one. All refusals are FeedErrors.
 * @param onRecord whose record is good until it returns: the next one uses the same lists
 */
export function createRecordReader(file: string, onRecord: (record: FeedRecord) => void): RecordReader {
  const header: FeedHeader = { academyCode: null, degree: null, exportedOn: null, records: null };
  let depth = 0;
  let position = 0;
  const lists = createValueLists();
  const readCanonical = createCanonicalReader(lists);
  let record = blankRecord(0, '', lists.values);
  let size = 0;
  let operational = false;
  let attribute = '';
  let text: string | null = null;

  const reader = createXmlReader(
    {
      open(name, attributes) {
        depth += 1;
        if (depth === 1) {
          if (name !== ROOT) throw new FeedError(file, `its root is <${name.slice(0, 40)}>, not <${ROOT}>`);
          readHeader(
            header,
            Object.entries(attributes)
              .map(([key, value]) => `${key}="${value}"`)
              .join(' '),
          );
        } else if (depth === 2) {
          position += 1;
          lists.clear();
          // A change is kept until what it changes has been looked up.
          record = blankRecord(position, name, name === 'addRequest' ? lists.values : new Map());
          size = 0;
        } else if (depth === 3) operational = name === 'operationalAttributes';
        else if (name === 'attr' || name === 'modification') {
          attribute = attributes.name ?? '';
          if (!operational && record.verb !== 'addRequest') record.named.add(attribute);
          if (name === 'modification' && attributes.operation !== 'replace') record.onlyReplaces = false;
        }
        if (name === 'value' || name === 'id') text = '';
      },
      close(name) {
        depth -= 1;
        if (depth === 1) onRecord(record);
        else if (text !== null && (name === 'value' || name === 'id')) {
          const value = text.trim();
          text = null;
          size += 32;
          if (name === 'id') record.id ||= value;
          else if (value === '') return;
          else if (operational) {
            if (attribute.startsWith('categorie')) record.category = value;
          } else if (record.values === lists.values) lists.add(attribute, value);
          else addValue(record, attribute, value);
        }
      },
      text(part) {
        if (text !== null) text += part;
        size += part.length;
        if (size > MAX_RECORD_CHARS) throw new XmlError('hostile', 'a record is longer than anybody writes');
      },
      comment(comment) {
        if (position === 0) readHeader(header, comment);
      },
      doctype(doctype) {
        if (!DOCTYPE.test(doctype)) throw new XmlError('hostile', 'its document type is not that of a feed');
      },
    },
    XML_LIMITS,
  );

  const refusing = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      const where = position === 0 ? '' : ` at record #${position}`;
      const what = {
        'cut-off': 'it is cut off',
        malformed: 'it is not well-formed',
        hostile: 'it is refused',
      };
      throw new FeedError(file, `${what[error.kind]}${where}: ${error.message}`);
    }
  };
  return {
    header,
    write: (chunk) => refusing(() => reader.write(chunk)),
    writeRecord(whole) {
      lists.clear();
      const read = readCanonical(whole);
      if (!read) return refusing(() => reader.write(whole));
      position += 1;
      onRecord({ ...blankRecord(position, 'addRequest', lists.values), ...read });
    },
    close: () => refusing(() => reader.close()),
    between: () => depth === 1 && reader.idle(),
    skip() {
      position += 1;
    },
  };
}

/** Of an `addRequest` nobody asks what it names without a value. */
const NAMES_NOTHING: FeedRecord['named'] = new Set();

function blankRecord(position: number, verb: string, values: FeedRecord['values']): FeedRecord {
  const named = verb === 'addRequest' ? NAMES_NOTHING : new Set<string>();
  return { position, verb, category: '', id: '', values, named, onlyReplaces: true };
}

function addValue(record: FeedRecord, name: string, value: string): void {
  const values = record.values.get(name);
  if (values) values.push(value);
  else record.values.set(name, [value]);
}

/** Header of the 2024 exports (integration.md 2.1): `codeAcademieExport="13" ... degre="2D"`. */
function readHeader(header: FeedHeader, text: string): void {
  const academy = /codeAcademieExport\s*=\s*["']\s*0*(\d{1,3})\s*["']/.exec(text)?.[1];
  const degree = /degre\s*=\s*["']\s*([12])\s*D?\s*["']/i.exec(text)?.[1];
  const [, day, month, year] = /dateGeneration\w*\s*=\s*["']\s*(\d{2})\/(\d{2})\/(\d{4})/i.exec(text) ?? [];
  const records = /\bnb\w*\s*=\s*["']\s*(\d{1,9})\s*["']/i.exec(text)?.[1];
  if (year) header.exportedOn = `${year}-${month}-${day}`;
  if (records) header.records = Number(records);
  if (academy) header.academyCode = academy;
  if (degree) header.degree = degree === '1' ? 1 : 2;
}
