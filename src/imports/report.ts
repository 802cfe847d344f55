import type { SchoolPlan } from './school-plan.ts';
import type { Finding, ImportReport, SchoolReport, StagedSchool } from './types.ts';

/** Refusals shown to a person; the kept report has more. */
const SHOWN = 50;

export function emptyReport(runId: number, dryRun: boolean): ImportReport {
  return {
    report: String(runId),
    dry_run: dryRun,
    read: { schools: 0, pupils: 0, guardians: 0, staff: 0 },
    accounts: { created: 0, changed: 0, closed: 0 },
    schools: [],
    brake: [],
    refused: [],
    refused_total: 0,
    notes: [],
    seconds: 0,
  };
}

/** One line of the report; without plan that of a school to which nothing happened. */
export function schoolReport(
  school: StagedSchool,
  total: { pupils: number; guardians: number } = { pupils: 0, guardians: 0 },
  plan?: SchoolPlan,
): SchoolReport {
  return {
    uai: school.uai,
    name: school.name,
    degree: school.degree,
    pupils: total.pupils,
    guardians: total.guardians,
    arrived: plan?.counts.arrived ?? 0,
    moved: plan?.counts.moved ?? 0,
    left: plan?.left.length ?? 0,
    changed: plan?.counts.changed ?? 0,
    guardians_changed: plan?.counts.guardians ?? 0,
    links_opened: plan?.openLinks.length ?? 0,
    links_ended: plan?.endLinks.length ?? 0,
    accounts_created: plan?.accounts.length ?? 0,
    mobiles_changed: plan?.counts.mobiles ?? 0,
    emails_changed: plan?.counts.emails ?? 0,
    addresses_changed: plan?.counts.addresses ?? 0,
    refused: (school.refused ?? 0) + (plan?.refused.length ?? 0),
    accounts_changed: (plan?.renamed.guardianIds.length ?? 0) + (plan?.renamed.pupilIds.length ?? 0),
  };
}

/** The report for people. */
export function reportText(report: ImportReport): string {
  const { read, accounts, schools } = report;
  if (report.error !== undefined) {
    return [
      `Import ${report.report}: refused, nothing was changed.`,
      `  ${report.error}`,
      ...report.brake.map(findingLine),
      '',
    ].join('\n');
  }
  const lines = [
    `Import ${report.report}${report.dry_run ? ' (rehearsal: nothing was changed)' : ''}: ${report.seconds.toFixed(1)} s`,
    `  read      ${read.schools} schools, ${read.pupils} pupils, ${read.guardians} guardians`,
    `  accounts  ${accounts.created} created, ${accounts.changed} changed, ${accounts.closed} closed`,
    ...report.brake.map((finding) => `  released ${findingLine(finding)}`),
    ...schools.map(schoolLine),
    ...report.notes.map((note) => `  note      ${note}`),
  ];
  if (report.refused_total > 0) {
    lines.push(`  refused   ${report.refused_total} records or parts of records`);
    for (const { file, record, reason } of report.refused.slice(0, SHOWN)) {
      lines.push(`    ${[file, record].filter((part) => part !== '').join(', ')}: ${reason}`);
    }
    const more = report.refused_total - Math.min(SHOWN, report.refused.length);
    if (more > 0) lines.push(`    and ${more} more; --json shows the first ${report.refused.length}`);
  }
  return `${lines.join('\n')}\n`;
}

function findingLine({ of, before, after, reason }: Finding): string {
  return `  ${of}: before ${before}, after ${after}; ${reason}`;
}

function schoolLine(school: SchoolReport): string {
  const head = `  ${school.uai}  ${school.name}: `;
  if (school.failed !== undefined) return `${head}NOT DONE, ${school.failed}`;
  const changes = [
    [school.arrived, 'arrived'],
    [school.moved, 'moved here'],
    [school.left, 'left'],
    [school.changed, 'changed'],
    [school.guardians_changed, 'guardians written'],
    [school.links_opened, 'links opened'],
    [school.links_ended, 'links ended'],
    [school.accounts_created, 'accounts created'],
    [school.mobiles_changed, 'mobiles changed'],
    [school.emails_changed, 'e-mail addresses changed'],
    [school.addresses_changed, 'addresses changed'],
    [school.refused, 'records refused'],
  ] as const;
  const said = changes.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${head}${school.pupils} pupils${said.length > 0 ? `; ${said.join(', ')}` : ', nothing to change'}`;
}
