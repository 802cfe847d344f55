/** The records of a feed in the words of each degree (integration.md 2.3, 2.4). */

export type Degree = 1 | 2;
export type Guardian = {
  id: string;
  title: 'M.' | 'Mme';
  givenName: string;
  familyName: string;
  /** As somebody typed it. */
  mobile: string | null;
  email: string | null;
  street: string;
};
/** `legal`: 1 guardian, 2 in charge of the child, 0 contact. */
export type Link = { id: string; code: string; legal: 0 | 1 | 2 };
export type Pupil = {
  id: string;
  schoolId: string;
  ine: string | null;
  title: 'M.' | 'Mme';
  givenName: string;
  familyName: string;
  /** dd/mm/yyyy */
  birthDate: string | null;
  level: string;
  className: string | null;
  links: Link[];
};
export type Household = { serial: number; guardians: Guardian[]; pupils: Pupil[] };
type Directory = { code: string; name: string; degree: Degree };
type Verb = 'addRequest' | 'modifyRequest';
type Attributes = Record<string, string | null | readonly string[]>;

export function schoolRecord(
  { code, name, degree }: Directory,
  school: { id: string; uai: string; number: number },
): string {
  const town = `VILLE ${Math.ceil(school.number / 7)}`;
  return record('addRequest', ['categorieStructure', 'EtabEducNat'], school.id, {
    ENTStructureJointure: school.id,
    ENTStructureUAI: school.uai,
    ENTStructureNomCourant: `${degree === 1 ? 'E.E.PU' : 'CLG'} DU BANC ${school.number}-ac-${name}`,
    ENTEtablissementContrat: 'PU',
    ENTServAcAcademie: name,
    ENTServAcCodeAcademie: code,
    ...(degree === 1 ? { ENTEcoleCommune: town } : { l: town, postalCode: '99000' }),
  });
}

export function pupilRecord({ degree }: Directory, pupil: Pupil, verb: Verb = 'addRequest'): string {
  const { schoolId, className } = pupil;
  const common = {
    ENTPersonJointure: pupil.id,
    ENTEleveINE: pupil.ine,
    ENTPersonNomPatro: pupil.familyName,
    ENTPersonAutresPrenoms: pupil.givenName,
    ENTPersonDateNaissance: pupil.birthDate,
    ENTPersonStructRattach: schoolId,
  };
  const own: Attributes =
    degree === 1
      ? {
          ENTPersonCivilite: pupil.title,
          ENTPersonNom: pupil.familyName,
          ENTPersonPrenom: pupil.givenName,
          ENTPersonClasses: className && `${schoolId}$2026$CLASSE$${className}$Classe de ${className}`,
          ENTPersonGroupes: null,
          ENTEleveNiveau: pupil.level,
          ENTEleveAutoriteParentale: pupil.links.map(({ id, code }) => `${id}$${code}`),
        }
      : {
          personalTitle: pupil.title,
          sn: pupil.familyName,
          givenName: pupil.givenName,
          ENTEleveStructRattachId: String(Number(pupil.id) + 1_000_000),
          ENTEleveClasses: className && `${schoolId}$${className}`,
          ENTEleveGroupes: null,
          ENTEleveLibelleMEF: pupil.level,
          ENTEleveNivFormation: pupil.level,
          ENTElevePersRelEleve: pupil.links.map(
            ({ id, code, legal }, index) =>
              `${id}$${code}$${index === 0 ? 1 : 0}$${legal}$${legal === 0 ? 1 : 0}$0`,
          ),
        };
  return record(verb, ['categoriePersonne', 'Eleve'], pupil.id, { ...common, ...own });
}

export function guardianRecord(
  { degree }: Directory,
  guardian: Guardian,
  household: Household,
  verb: Verb = 'addRequest',
): string {
  const { mobile, email } = guardian;
  const own: Attributes =
    degree === 1
      ? {
          ENTPersonCivilite: guardian.title,
          ENTPersonNom: guardian.familyName,
          ENTPersonPrenom: guardian.givenName,
          ENTPersRelEleveTelMobile: mobile,
          ENTPersonTelPerso: null,
          ENTPersonMail: email,
        }
      : {
          personalTitle: guardian.title,
          sn: guardian.familyName,
          givenName: guardian.givenName,
          mobile,
          ENTPersonMobileSMS: mobile,
          homePhone: null,
          mail: email,
        };
  return record(verb, ['categoriePersonne', 'PersRelEleve'], guardian.id, {
    ENTPersonJointure: guardian.id,
    ...own,
    ENTPersonNomPatro: guardian.familyName,
    ENTPersonDateNaissance: null,
    ENTPersonAdresse: `${guardian.street}$$$`,
    ENTPersonCodePostal: '99000',
    ENTPersonVille: 'VILLENEUVE',
    ENTPersonPays: 'FRANCE',
    [degree === 1 ? 'ENTPersRelEleveEleve' : 'ENTAuxPersRelEleveEleve']: household.pupils.map(({ id }) => id),
  });
}

/** A person who is there no more. */
export function withdrawal(category: 'Eleve' | 'PersRelEleve', id: string): string {
  return `<deleteRequest>\n${head(['categoriePersonne', category], id)}\n</deleteRequest>\n`;
}

function head([attribute, kind]: readonly [string, string], id: string): string {
  return (
    `<operationalAttributes><attr name="${attribute}"><value>${kind}</value></attr></operationalAttributes>\n` +
    `<identifier><id>${id}</id></identifier>`
  );
}

function record(verb: Verb, category: readonly [string, string], id: string, attributes: Attributes): string {
  const [list, open, close] =
    verb === 'addRequest'
      ? ['attributes', (name: string) => `<attr name="${name}">`, '</attr>']
      : [
          'modifications',
          (name: string) => `<modification name="${name}" operation="replace">`,
          '</modification>',
        ];
  const lines = Object.entries(attributes).map(([name, given]) => `${open(name)}${valuesOf(given)}${close}`);
  return `<${verb}>\n${head(category, id)}\n<${list}>\n${lines.join('\n')}\n</${list}>\n</${verb}>\n`;
}

function valuesOf(given: Attributes[string]): string {
  const values = typeof given === 'string' ? [given] : (given ?? []);
  return values.length === 0
    ? '<value/>'
    : values.map((value) => `<value>${escapeXml(value)}</value>`).join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeXml = (text: string) => text.replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);
