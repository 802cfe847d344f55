import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cycleOf, MEFS } from './schools.ts';
import type { Feed, SampleGuardian, SampleHead, SamplePupil, SampleSchool } from './types.ts';

/** Writes directories as the academies send them: AAF, full files (integration.md 2, R-188). */

type Values = string | null | readonly string[];
type Entry = { id: string; category: [name: string, value: string]; attributes: Record<string, Values> };

/** Entries a file: a directory of any size comes in several. */
const ENTRIES_A_FILE = 400;

/**
 * Writes one directory into a folder that exists or is made.
 * @param date day of the export, in the file names and headers
 * @returns the names of the files written
 */
export async function writeFeed(folder: string, feed: Feed, date: Date): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const day = date.toISOString().slice(0, 10);
  const origin = `ENT${feed.degree}D-AC${feed.academy.code}`;
  const names: string[] = [];
  for (const [type, entries] of Object.entries(entriesOf(feed))) {
    for (let part = 0; part * ENTRIES_A_FILE < entries.length; part += 1) {
      const some = entries.slice(part * ENTRIES_A_FILE, (part + 1) * ENTRIES_A_FILE);
      const name = `${origin}_Complet_${day.replaceAll('-', '')}_${type}_${String(part).padStart(4, '0')}.xml`;
      await writeFile(join(folder, name), encode(document(feed, day, some), feed.encoding));
      names.push(name);
    }
  }
  return names;
}

function entriesOf(feed: Feed): Record<string, Entry[]> {
  return {
    EtabEducNat: feed.schools.map((school) => schoolEntry(feed, school)),
    ...(feed.degree === 2 ? { MefEducNat: feed.schools.flatMap((school) => mefEntries(school)) } : {}),
    Eleve: feed.pupils.map((pupil) =>
      feed.degree === 1 ? firstDegreePupil(pupil) : secondDegreePupil(pupil),
    ),
    PersRelEleve: feed.guardians.map((guardian) => guardianEntry(feed, guardian)),
    PersEducNat: feed.heads.map((head) => headEntry(feed, head)),
  };
}

function schoolEntry(feed: Feed, school: SampleSchool): Entry {
  const type =
    feed.degree === 2 ? 'COLLEGE' : school.name.startsWith('E.M') ? 'ECOLE MATERNELLE' : 'ECOLE ELEMENTAIRE';
  const place: Record<string, Values> =
    feed.degree === 2
      ? {
          street: '1 place du Collège',
          postalCode: school.postalCode,
          l: school.town,
          telephoneNumber: school.phone,
        }
      : {
          ENTStructureAdresse: "2 rue de l'École",
          ENTStructureCodePostal: school.postalCode,
          ENTStructureVille: school.town,
          ENTStructureTelephone: school.phone,
          ENTEcoleCommune: school.town,
        };
  return {
    id: school.sourceId,
    category: ['categorieStructure', 'EtabEducNat'],
    attributes: {
      ENTStructureJointure: school.sourceId,
      ENTStructureUAI: school.uai,
      ENTStructureSIREN: null,
      ENTStructureNomCourant: `${school.name}-ac-${feed.academy.name}`,
      ENTStructureTypeStruct: type,
      ENTEtablissementContrat: 'PU',
      ENTServAcAcademie: feed.academy.name,
      ENTServAcCodeAcademie: feed.academy.code,
      ...place,
    },
  };
}

function mefEntries(school: SampleSchool): Entry[] {
  return MEFS.map((mef) => ({
    id: `${school.sourceId}$${mef.code}`,
    category: ['categorieMef', 'MefEducNat'],
    attributes: {
      ENTMefJointure: `${school.sourceId}$${mef.code}`,
      ENTMEFCode: mef.code,
      ENTLibelleMef: mef.label,
      ENTMEFRattach: null,
      ENTMEFSTAT11: null,
    },
  }));
}

function firstDegreePupil(pupil: SamplePupil): Entry {
  const { school } = pupil;
  const placed = pupil.class && `${school.sourceId}$2026$CLASSE$${pupil.class.code}$${pupil.class.label}`;
  return {
    id: pupil.sourceId,
    category: ['categoriePersonne', 'Eleve'],
    attributes: {
      ENTPersonJointure: pupil.sourceId,
      ENTEleveINE: pupil.ine,
      ENTPersonCivilite: pupil.title,
      ENTPersonNomPatro: pupil.familyName,
      ENTPersonNom: pupil.familyName,
      ENTPersonPrenom: pupil.givenName,
      ENTPersonAutresPrenoms: pupil.givenName,
      ENTPersonDateNaissance: frenchDate(pupil.birthDate),
      ENTPersonStructRattach: school.sourceId,
      ENTPersonClasses: placed,
      ENTPersonGroupes: null,
      ENTEleveNiveau: pupil.level,
      ENTEleveCycle: cycleOf(pupil.level),
      ENTEleveAutoriteParentale: pupil.links.map((link) => `${link.guardian.sourceId}$${link.code}`),
    },
  };
}

function secondDegreePupil(pupil: SamplePupil): Entry {
  const { school } = pupil;
  return {
    id: pupil.sourceId,
    category: ['categoriePersonne', 'Eleve'],
    attributes: {
      ENTPersonJointure: pupil.sourceId,
      ENTEleveINE: pupil.ine,
      personalTitle: pupil.title,
      ENTPersonNomPatro: pupil.familyName,
      sn: pupil.familyName,
      givenName: pupil.givenName,
      ENTPersonAutresPrenoms: pupil.givenName,
      ENTPersonDateNaissance: frenchDate(pupil.birthDate),
      ENTPersonStructRattach: school.sourceId,
      ENTEleveStructRattachId: String(Number(pupil.sourceId) + 1_000_000),
      ENTEleveClasses: pupil.class && `${school.sourceId}$${pupil.class.code}`,
      ENTEleveGroupes: pupil.class && `${school.sourceId}$${pupil.class.code}GR1`,
      ENTEleveMEF: pupil.mef,
      ENTEleveLibelleMEF: pupil.level,
      ENTEleveNivFormation: pupil.level.split(' ')[0] ?? null,
      // The six fields: person, kind of tie, pays, legal, contact, is paid.
      ENTElevePersRelEleve: pupil.links.map(
        ({ guardian, code, legal }, index) =>
          `${guardian.sourceId}$${code}$${index === 0 ? 1 : 0}$${legal}$${legal === 0 ? 1 : 0}$0`,
      ),
    },
  };
}

function guardianEntry(feed: Feed, guardian: SampleGuardian): Entry {
  const children = feed.pupils
    .filter((pupil) => pupil.links.some((link) => link.guardian === guardian))
    .map((pupil) => pupil.sourceId);
  const { title, familyName, givenName, birthName, mobile, email } = guardian;
  const names: Record<string, Values> =
    feed.degree === 1
      ? { ENTPersonCivilite: title, ENTPersonNom: familyName, ENTPersonPrenom: givenName }
      : { personalTitle: title, sn: familyName, givenName };
  const contact: Record<string, Values> =
    feed.degree === 1
      ? { ENTPersRelEleveTelMobile: mobile, ENTPersonTelPerso: null, ENTPersonMail: email }
      : { mobile, ENTPersonMobileSMS: mobile, homePhone: null, telephoneNumber: null, mail: email };
  return {
    id: guardian.sourceId,
    category: ['categoriePersonne', 'PersRelEleve'],
    attributes: {
      ENTPersonJointure: guardian.sourceId,
      ...names,
      ENTPersonNomPatro: birthName,
      ENTPersonDateNaissance: null,
      ENTPersonAdresse: `${guardian.street}$$$`,
      ENTPersonCodePostal: guardian.postalCode,
      ENTPersonVille: guardian.town,
      ENTPersonPays: 'FRANCE',
      ENTPersonAdresseDiffusion: 'O',
      ...contact,
      [feed.degree === 1 ? 'ENTPersRelEleveEleve' : 'ENTAuxPersRelEleveEleve']: children,
    },
  };
}

function headEntry(feed: Feed, head: SampleHead): Entry {
  const { title, familyName, givenName } = head;
  const label = feed.degree === 1 ? "DIRECTEUR D'ECOLE" : "CHEF D'ETABLISSEMENT";
  const names: Record<string, Values> =
    feed.degree === 1
      ? { ENTPersonCivilite: title, ENTPersonNom: familyName, ENTPersonPrenom: givenName }
      : { personalTitle: title, sn: familyName, givenName };
  return {
    id: head.sourceId,
    category: ['categoriePersonne', 'PersEducNat'],
    attributes: {
      ENTPersonJointure: head.sourceId,
      ...names,
      ENTPersonNomPatro: familyName,
      ENTPersonStructRattach: head.schools.map((school) => school.sourceId),
      ENTPersonFonctions: head.schools.map((school) => `${school.sourceId}$DIR$${label}$-$-`),
    },
  };
}

const frenchDate = (date: string) => date.split('-').reverse().join('/');

function document(feed: Feed, day: string, entries: Entry[]): string {
  const header =
    `versionAF="AAF-VE2607" versionSDET="Annexe 4bis version 6.4" codeAcademieExport="${feed.academy.code}" ` +
    `degre="${feed.degree}D" dateGenerationExport="${frenchDate(day)}"`;
  return [
    `<?xml version="1.0" encoding="${feed.encoding}"?>`,
    '<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">',
    `<!-- ${header} -->`,
    '<ficAlimMENESR>',
    ...entries.map(addRequest),
    '</ficAlimMENESR>',
    '',
  ].join('\n');
}

function addRequest(entry: Entry): string {
  const [category, kind] = entry.category;
  const attributes = Object.entries(entry.attributes).map(
    ([name, given]) => `<attr name="${name}">${valuesOf(given).join('')}</attr>`,
  );
  return [
    '<addRequest>',
    `<operationalAttributes><attr name="${category}"><value>${kind}</value></attr></operationalAttributes>`,
    `<identifier><id>${entry.id}</id></identifier>`,
    '<attributes>',
    ...attributes,
    '</attributes>',
    '</addRequest>',
  ].join('\n');
}

function valuesOf(given: Values): string[] {
  const values = (typeof given === 'string' ? [given] : (given ?? [])).filter((value) => value !== '');
  return values.length === 0 ? ['<value/>'] : values.map((value) => `<value>${escapeXml(value)}</value>`);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeXml = (text: string) => text.replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);

/** The eight places where ISO-8859-15 differs from ISO-8859-1. */
const LATIN9: Record<string, number> = {
  '€': 0xa4,
  Š: 0xa6,
  š: 0xa8,
  Ž: 0xb4,
  ž: 0xb8,
  Œ: 0xbc,
  œ: 0xbd,
  Ÿ: 0xbe,
};

/** What the encoding lacks becomes a character reference, as an XML writer does. */
function encode(text: string, encoding: Feed['encoding']): Buffer {
  if (encoding === 'UTF-8') return Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  const replaced = new Set(Object.values(LATIN9));
  for (const sign of text.normalize('NFC')) {
    const point = sign.codePointAt(0) as number;
    const special = LATIN9[sign];
    if (special !== undefined) bytes.push(special);
    else if (point < 0x100 && !replaced.has(point)) bytes.push(point);
    else bytes.push(...Buffer.from(`&#${point};`, 'latin1'));
  }
  return Buffer.from(bytes);
}
