import { cleanText } from '../directory/names.ts';
import { digestOf } from './check.ts';
import { ownText } from './own-text.ts';
import { addSchool, keyOf, labelKey, type Reading } from './reading.ts';
import { FeedError, type FeedFile, type FeedRecord } from './types.ts';

/** Of a nation: 60,000 schools, a few thousand MEF in each académie. */
const MAX_SCHOOLS = 200_000;
const MAX_LABELS = 500_000;

/** Why a record was not taken, or null. */
type Reason = string | null;

/** A MEF is named by its code, alone or behind the id of a school. */
export function takeLabel(reading: Reading, file: FeedFile, { values }: FeedRecord, id: string): Reason {
  const code =
    values.get('ENTMEFCode')?.[0] ?? (values.get('ENTMefJointure')?.[0] ?? id).split('$').at(-1) ?? '';
  const label = cleanText(values.get('ENTLibelleMef')?.[0]);
  if (code === '' || label === '') return 'the code or the label is missing';
  if (reading.labels.size < MAX_LABELS) {
    reading.labels.set(ownText(labelKey(file.academyCode as string, code)), ownText(label));
  }
  return null;
}

export function takeSchool(reading: Reading, file: FeedFile, { values }: FeedRecord, id: string): Reason {
  const value = (...names: string[]) =>
    ownText(cleanText(names.map((name) => values.get(name)?.[0]).find(Boolean)));
  const academyCode = file.academyCode ?? value('ENTServAcCodeAcademie').replace(/^0+(?=\d)/, '');
  const uai = value('ENTStructureUAI').toUpperCase();
  const name = value('ENTStructureNomCourant').replaceAll('$', '-');
  if (!/^\d{7}[A-Z]$/.test(uai)) return 'the UAI has not the form of one';
  if (!/^[0-9A-Z]{1,3}$/.test(academyCode)) return 'the académie is missing';
  if (name === '') return 'the name is missing';
  const sourceId = ownText(id);
  const key = keyOf(academyCode, file.degree, sourceId);
  if (reading.schoolsByKey.get(key)?.listed) return 'this id has been read before';
  if (reading.uais.has(uai)) return 'this UAI has been read before';
  if (reading.schools.length >= MAX_SCHOOLS) throw new FeedError(file.name, 'there are too many schools');
  const columns = {
    academyCode,
    academyName: (value('ENTServAcAcademie') || academyCode).slice(0, 80),
    degree: file.degree,
    sourceId,
    uai,
    name: name.slice(0, 200),
    town: value('l', 'ENTEcoleCommune', 'ENTStructureVille').slice(0, 120) || null,
    phone: value('telephoneNumber', 'ENTStructureTelephone').slice(0, 40) || null,
    contract:
      value('ENTEtablissementContrat')
        .replace(/[^\x21-\x7e]/g, '')
        .slice(0, 8) || null,
  };
  addSchool(reading, { ...columns, digest: digestOf(columns), listed: true, refused: 0 });
  return null;
}
