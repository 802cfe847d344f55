import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Feeds written by hand for tests: only what a test says, the rest left out. Not the samples of the demo. */

export type AafSchool = { id: string; uai: string; name?: string; town?: string; academy?: string };
export type AafGuardian = {
  id: string;
  familyName?: string;
  givenName?: string;
  title?: string;
  mobile?: string;
  mobileSms?: string;
  email?: string;
  address?: string;
};
export type AafLink = { guardian: string; code?: string; legal?: string };
export type AafPupil = {
  id: string;
  school: string;
  familyName?: string;
  givenName?: string;
  birthDate?: string;
  ine?: string | null;
  className?: string | null;
  classLabel?: string;
  level?: string;
  mef?: string;
  guardians?: AafLink[];
};
/** `functions`: `schoolId$CODE$label` */
export type AafStaff = {
  id: string;
  familyName?: string;
  givenName?: string;
  email?: string;
  functions: string[];
};
export type AafFeed = {
  degree: 1 | 2;
  academy?: string;
  schools: AafSchool[];
  pupils: AafPupil[];
  guardians: AafGuardian[];
  mefs?: { code: string; label: string }[];
  staff?: AafStaff[];
  encoding?: 'UTF-8' | 'ISO-8859-15' | 'ISO-8859-1' | 'windows-1252';
  /** YYYYMMDD of the file names */
  date?: string;
  /** Without the comment that names académie and degree. */
  bare?: boolean;
};
/** File names, or the records of each file, by type. */
export type AafNames<T = string> = {
  EtabEducNat: T;
  MefEducNat: T;
  Eleve: T;
  PersRelEleve: T;
  PersEducNat: T;
};
type Attributes = Record<string, string | readonly string[] | null | undefined>;

/** Writes the feed's files into a folder. @returns their names by type */
export async function writeAaf(folder: string, feed: AafFeed): Promise<AafNames> {
  await mkdir(folder, { recursive: true });
  const names: Partial<AafNames> = {};
  for (const [type, records] of Object.entries(recordsOf(feed))) {
    if (records.length === 0) continue;
    const name = `ENT${feed.degree}D_Complet_${feed.date ?? '20261103'}_${type}_0000.xml`;
    await writeFile(join(folder, name), encode(document(feed, records), feed.encoding ?? 'UTF-8'));
    names[type as keyof AafNames] = name;
  }
  return names as AafNames;
}

/** The text of a file with these records between the root's tags. */
export function document(
  feed: Pick<AafFeed, 'degree' | 'academy' | 'encoding' | 'bare'>,
  records: string[],
): string {
  const header = `<!-- versionAF="AAF-VE2407" codeAcademieExport="${feed.academy ?? '13'}" degre="${feed.degree}D" -->\n`;
  return (
    `<?xml version="1.0" encoding="${feed.encoding ?? 'UTF-8'}"?>\n` +
    '<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">\n' +
    `${feed.bare ? '' : header}<ficAlimMENESR>\n${records.join('\n')}\n</ficAlimMENESR>\n`
  );
}

/** One `addRequest`. */
export function aafRecord(category: string, kind: string, id: string, attributes: Attributes): string {
  const list = Object.entries(attributes).map(([name, value]) => {
    const values = value === null || value === undefined ? [] : [value].flat();
    const tags =
      values.length === 0 ? '<value/>' : values.map((one) => `<value>${escapeXml(one)}</value>`).join('');
    return `<attr name="${name}">${tags}</attr>`;
  });
  return [
    '<addRequest>',
    `<operationalAttributes><attr name="${category}"><value>${kind}</value></attr></operationalAttributes>`,
    `<identifier><id>${id}</id></identifier>`,
    `<attributes>${list.join('\n')}</attributes>`,
    '</addRequest>',
  ].join('\n');
}

export function recordsOf(feed: AafFeed): AafNames<string[]> {
  return {
    EtabEducNat: feed.schools.map((school) => schoolRecord(feed, school)),
    MefEducNat: (feed.mefs ?? []).map(({ code, label }) =>
      aafRecord('categorieMef', 'MefEducNat', code, { ENTMefJointure: code, ENTLibelleMef: label }),
    ),
    Eleve: feed.pupils.map((pupil) => pupilRecord(feed.degree, pupil)),
    PersRelEleve: feed.guardians.map((guardian) => guardianRecord(feed.degree, guardian)),
    PersEducNat: (feed.staff ?? []).map((person) => staffRecord(feed.degree, person)),
  };
}

function schoolRecord(feed: AafFeed, school: AafSchool): string {
  return aafRecord('categorieStructure', 'EtabEducNat', school.id, {
    ENTStructureJointure: school.id,
    ENTStructureUAI: school.uai,
    ENTStructureNomCourant: school.name ?? `ECOLE ${school.id}-ac-X`,
    ENTServAcCodeAcademie: school.academy ?? feed.academy ?? '13',
    ENTServAcAcademie: 'ACADEMIE DE TEST',
    [feed.degree === 1 ? 'ENTEcoleCommune' : 'l']: school.town ?? 'VILLENEUVE',
    [feed.degree === 1 ? 'ENTEcoleCirconscription' : 'postalCode']: '99000',
  });
}

export function pupilRecord(degree: 1 | 2, pupil: AafPupil): string {
  const className = pupil.className === undefined ? 'A' : pupil.className;
  const ine = pupil.ine === undefined ? ineOf(pupil.id) : pupil.ine;
  const common = {
    ENTPersonJointure: pupil.id,
    ENTEleveINE: ine,
    ENTPersonDateNaissance: pupil.birthDate ?? '05/03/2015',
    ENTPersonStructRattach: pupil.school,
  };
  const links = pupil.guardians ?? [];
  const names = { family: pupil.familyName ?? `ELEVE${pupil.id}`, given: pupil.givenName ?? 'Ana' };
  const label = pupil.classLabel ?? className;
  return aafRecord('categoriePersonne', 'Eleve', pupil.id, {
    ...common,
    ...(degree === 1
      ? {
          ENTPersonNom: names.family,
          ENTPersonPrenom: names.given,
          ENTPersonClasses: className === null ? null : `${pupil.school}$2026$X$${className}$${label}`,
          ENTEleveNiveau: pupil.level ?? 'CE1',
          ENTEleveAutoriteParentale: links.map((link) => `${link.guardian}$${link.code ?? '10'}`),
        }
      : {
          sn: names.family,
          givenName: names.given,
          ENTEleveClasses: className === null ? null : `${pupil.school}$${className}`,
          ENTEleveMEF: pupil.mef,
          ENTEleveLibelleMEF: pupil.level ?? '6EME',
          ENTEleveStructRattachId: `9${pupil.id}`,
          ENTElevePersRelEleve: links.map(
            (link) => `${link.guardian}$${link.code ?? '10'}$1$${link.legal ?? '1'}$0$0`,
          ),
        }),
  });
}

export function guardianRecord(degree: 1 | 2, guardian: AafGuardian): string {
  const family = guardian.familyName ?? `PARENT${guardian.id}`;
  const given = guardian.givenName ?? 'Lou';
  const address = {
    ENTPersonAdresse: guardian.address ?? '1 rue des Tests$$$',
    ENTPersonCodePostal: '99000',
  };
  return aafRecord('categoriePersonne', 'PersRelEleve', guardian.id, {
    ENTPersonJointure: guardian.id,
    ENTPersonDateNaissance: null,
    ...address,
    ...(degree === 1
      ? {
          ENTPersonCivilite: guardian.title ?? 'Mme',
          ENTPersonNom: family,
          ENTPersonPrenom: given,
          ENTPersRelEleveTelMobile: guardian.mobile,
          ENTPersonMail: guardian.email,
        }
      : {
          personalTitle: guardian.title ?? 'Mme',
          sn: family,
          givenName: given,
          mobile: guardian.mobile,
          ENTPersonMobileSMS: guardian.mobileSms,
          mail: guardian.email,
        }),
  });
}

export function staffRecord(degree: 1 | 2, person: AafStaff): string {
  const family = person.familyName ?? `AGENT${person.id}`;
  const given = person.givenName ?? 'Ida';
  return aafRecord('categoriePersonne', 'PersEducNat', person.id, {
    ENTPersonJointure: person.id,
    ENTPersonFonctions: person.functions,
    ...(degree === 1
      ? { ENTPersonNom: family, ENTPersonPrenom: given, ENTPersonMail: person.email }
      : { sn: family, givenName: given, mail: person.email }),
  });
}

/** A modifyRequest: null is a value taken away. */
export function aafChange(kind: string, id: string, replaced: Attributes): string {
  const list = Object.entries(replaced).map(([name, value]) => {
    const values = value === null || value === undefined ? [] : [value].flat();
    const tags = values.map((one) => `<value>${escapeXml(one)}</value>`).join('') || '<value/>';
    return `<modification name="${name}" operation="replace">${tags}</modification>`;
  });
  return `<modifyRequest>${aafHead(kind, id)}<modifications>${list.join('')}</modifications></modifyRequest>`;
}

export function aafDelete(kind: string, id: string): string {
  return `<deleteRequest>${aafHead(kind, id)}</deleteRequest>`;
}

function aafHead(kind: string, id: string): string {
  const attr = `<attr name="categoriePersonne"><value>${kind}</value></attr>`;
  return `<operationalAttributes>${attr}</operationalAttributes><identifier><id>${id}</id></identifier>`;
}

/** Writes files of changes, one a type, with these records. */
export async function writeDelta(
  folder: string,
  feed: Pick<AafFeed, 'degree' | 'academy' | 'date'>,
  records: Partial<AafNames<string[]>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [type, list] of Object.entries(records)) {
    const name = `ENT${feed.degree}D_Delta_${feed.date ?? '20261104'}_${type}_0000.xml`;
    await writeFile(join(folder, name), document(feed, list));
  }
}

/** An invented INE: nine digits of the id and two letters. */
export function ineOf(id: string): string {
  return `${id.replace(/\D/g, '').padStart(9, '0').slice(-9)}AB`;
}

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
const WINDOWS: Record<string, number> = { '€': 0x80, Š: 0x8a, š: 0x9a, Œ: 0x8c, œ: 0x9c, Ÿ: 0x9f, '’': 0x92 };

/** @throws Error for a character that the encoding lacks: a test must say what it means */
export function encode(text: string, encoding: NonNullable<AafFeed['encoding']>): Buffer {
  if (encoding === 'UTF-8') return Buffer.from(text, 'utf8');
  const special = encoding === 'ISO-8859-15' ? LATIN9 : encoding === 'windows-1252' ? WINDOWS : {};
  return Buffer.from(
    [...text].map((char) => {
      const byte = special[char] ?? char.codePointAt(0) ?? 0;
      if (byte > 255) throw new Error(`${encoding} has no ${char}`);
      return byte;
    }),
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
