import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { type GuardianItem, type PupilItem, qualityItems, qualityOf } from '../../assistance/quality.ts';
import { recordAudit } from '../../audit/record.ts';
import { FRENCH_CSV } from '../../files/csv.ts';
import { fileStamp } from '../../files/moment.ts';
import type { Context } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf } from '../visit.ts';
import { isOfPupils, listAsked } from './quality.ts';

const PUPIL_COLUMNS = ["Nom de l'élève", "Prénom de l'élève", "Classe de l'élève"];
const GUARDIAN_COLUMNS = [
  'Nom du responsable',
  'Prénom du responsable',
  'Identifiant',
  'Téléphone mobile',
  'Partagé avec',
  'Élèves',
];

/**
 * GET /qualite.csv?liste=no-mobile: a list for a spreadsheet, streamed, with its line in the journal.
 */
export async function downloadQuality(
  { deps }: AdminDoor,
  ctx: Context,
  { staff, school }: SchoolVisit,
): Promise<void> {
  const key = listAsked(ctx.query.liste);
  if (key === null) throw new Fault('EC-404-PAGE');
  const quality = await qualityOf(deps, school.id);
  const items = await qualityItems(deps, quality, key, { offset: 0, limit: quality.counts[key] });
  const now = deps.clock.now();
  await recordAudit(deps.db, {
    ...actorOf(ctx, { staff }),
    at: now,
    event: 'export-data',
    outcome: 'done',
    schoolId: school.id,
    details: `${key}, ${items.length} lines`,
  });
  const columns = isOfPupils(key) ? PUPIL_COLUMNS : GUARDIAN_COLUMNS;
  const written = stringify({
    header: true,
    columns,
    ...FRENCH_CSV,
  });
  ctx.attachment(`Educonnect-Qualite-${key}-${fileStamp(now)}.csv`);
  ctx.type = 'text/csv; charset=utf-8';
  ctx.body = Readable.from(items.map(recordOf)).pipe(written);
}

function recordOf(item: PupilItem | GuardianItem): string[] {
  const names = [item.familyName, item.givenName];
  if (!('pupils' in item)) return [...names, item.className ?? ''];
  const { identifier, mobileRaw, others, elsewhere, pupils } = item;
  const shared = elsewhere > 0 ? [...others, `${elsewhere} dans un autre établissement`] : others;
  return [...names, identifier ?? '', mobileRaw ?? '', shared.join(', '), pupils.join(', ')];
}
