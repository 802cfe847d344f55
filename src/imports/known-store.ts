import type { Database } from '../deps.ts';
import type { Degree, RawGuardian, RawPupil, StagedSchool } from './types.ts';

/** What files of changes build on: the persons and schools as they are known, told as the feed would tell them. */
type Base = { academyCode: string; degree: Degree };

const text = (value: string | null): string | undefined => value ?? undefined;

/** By the id of the feed; guardians of links that have not ended. @param ids one batch */
export async function knownPupils(
  db: Database,
  base: Base,
  ids: readonly string[],
): Promise<Map<string, RawPupil>> {
  if (ids.length === 0) return new Map();
  const rows = await db('pupils as p')
    .leftJoin('schools as s', 's.id', 'p.school_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where({ 'p.academy_code': base.academyCode, 'p.degree': base.degree })
    .whereIn('p.source_id', ids)
    .select('p.*', { school: 's.source_id', class_code: 'c.code', class_label: 'c.label' });
  const links = await knownLinks(
    db,
    rows.map((row) => row.id),
  );
  return new Map(
    rows.map((row) => [
      row.source_id,
      {
        familyName: row.family_name,
        givenName: row.given_name,
        birthDate: text(row.birth_date),
        ine: text(row.ine),
        school: text(row.school),
        className: row.class_code === null ? undefined : { code: row.class_code, label: row.class_label },
        level: text(row.level_label),
        cycle: text(row.cycle),
        mefCode: text(row.mef_code),
        mefLabel: text(row.mef_label),
        siecleId: text(row.siecle_id),
        guardians: links.get(row.id) ?? [],
      },
    ]),
  );
}

async function knownLinks(db: Database, pupilIds: readonly number[]) {
  const rows: { pupilId: number; id: string; code: string | null }[] = await db('legal_links as l')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .whereIn('l.pupil_id', pupilIds)
    .whereNull('l.ended_at')
    .select({ pupilId: 'l.pupil_id', id: 'g.source_id', code: 'l.link_code' });
  const links = new Map<number, RawPupil['guardians']>();
  for (const { pupilId, id, code } of rows) {
    const link = { text: id, id, code: code ?? '90', legal: true };
    links.set(pupilId, [...(links.get(pupilId) ?? []), link]);
  }
  return links;
}

export async function knownGuardians(
  db: Database,
  base: Base,
  ids: readonly string[],
): Promise<Map<string, RawGuardian>> {
  if (ids.length === 0) return new Map();
  const rows = await db('guardian_references')
    .where({ academy_code: base.academyCode, degree: base.degree })
    .whereIn('source_id', ids);
  return new Map(
    rows.map((row) => {
      const mobiles = row.mobile_raw === null ? [] : [row.mobile_raw];
      return [
        row.source_id,
        {
          title: text(row.title),
          familyName: row.family_name,
          givenName: row.given_name,
          birthName: text(row.birth_name),
          mobiles,
          consented: row.sms_consent === null ? null : row.sms_consent ? mobiles : [],
          email: text(row.email),
          address: text(row.address),
          postalCode: text(row.postal_code),
          town: text(row.town),
          country: text(row.country),
        },
      ];
    }),
  );
}

export type Known = {
  pupil: {
    sourceId: string;
    familyName: string;
    givenName: string;
    birthDate: string | null;
    ine: string | null;
  };
  guardian: { sourceId: string; familyName: string; birthName: string | null; givenName: string } | null;
};

/** The pupils now in a school of the 1st degree, one row for each legal guardian. */
export async function knownFamilies(db: Database, schoolId: number): Promise<Known[]> {
  const rows = await db('pupils as p')
    .leftJoin('legal_links as l', (join) => join.on('l.pupil_id', 'p.id').andOnNull('l.ended_at'))
    .leftJoin('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .where('p.school_id', schoolId)
    .whereNull('p.left_at')
    .select({
      sourceId: 'p.source_id',
      familyName: 'p.family_name',
      givenName: 'p.given_name',
      birthDate: 'p.birth_date',
      ine: 'p.ine',
      guardianId: 'g.source_id',
      guardianName: 'g.family_name',
      guardianBirthName: 'g.birth_name',
      guardianGivenName: 'g.given_name',
    });
  return rows.map(({ guardianId, guardianName, guardianBirthName, guardianGivenName, ...pupil }) => ({
    pupil,
    guardian: guardianId && {
      sourceId: guardianId,
      familyName: guardianName,
      birthName: guardianBirthName,
      givenName: guardianGivenName,
    },
  }));
}

export type KnownSchool = Pick<
  StagedSchool,
  'academyCode' | 'academyName' | 'degree' | 'sourceId' | 'uai' | 'name' | 'town' | 'phone' | 'contract'
> & { id: number; digest: string | null };

/** All schools: some tens of thousands. */
export async function knownSchools(db: Database): Promise<KnownSchool[]> {
  return db('schools').select({
    id: 'id',
    academyCode: 'academy_code',
    academyName: 'academy_name',
    degree: 'degree',
    sourceId: 'source_id',
    uai: 'uai',
    name: 'name',
    town: 'town',
    phone: 'phone',
    contract: 'contract',
    digest: 'digest',
  });
}
