import { relative } from 'node:path';
import type { Persona } from './personas.ts';
import type { Files, Ports } from './places.ts';

/** What the terminal says when everything runs: where to click, as whom, and where the rest is written. */
export function welcome(
  ports: Ports,
  files: Pick<Files, 'personas' | 'log'>,
  personas: readonly Persona[],
): string {
  const url = (port: number) => `http://localhost:${port}`;
  const letter = personas.find((persona) => persona.key === 'school-path');
  const known = personas.find((persona) => persona.key === 'activated');
  const visitor = personas.find((persona) => persona.key === 'franceconnect-path');
  const director = personas.find((persona) => persona.key === 'director-one-school');
  return [
    '',
    'EduConnect is ready.',
    '',
    `  Sample ENT        ${url(ports.ent)}   begin here: « Valider », then « Représentant légal »`,
    `  Sample LSU        ${url(ports.lsu)}   afterwards: no second login`,
    `  FranceConnect     ${url(ports.franceConnect)}   the simulator: who can sign in there, and its switches`,
    `  Outbox            ${url(ports.outbox)}   every mail and SMS that would have left`,
    `  EduConnect        ${url(ports.app)}`,
    `  Directors         ${url(ports.app)}/admin`,
    '',
    ...person(
      'A parent with a letter from the school (first connection):',
      letter?.identifier,
      letter?.provisional_password,
    ),
    ...children(letter?.provisional_password ? letter : undefined),
    ...person('A parent who has been here before:', known?.identifier, known?.password),
    '',
    ...login('A parent with FranceConnect (first connection):', visitor?.franceconnect?.login),
    ...login('The director of a school:', director?.academic_portal?.login),
    `All sample people: ${nearby(files.personas)}; the log: ${nearby(files.log)}.`,
    'Ctrl-C stops everything; npm run demo -- --fresh starts over.',
    '',
  ].join('\n');
}

/** As one would type it from here. */
function nearby(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

function person(what: string, identifier: string | undefined, password: string | undefined): string[] {
  if (!identifier || !password) return [];
  return [`  ${what}`, `    Identifiant   ${identifier}`, `    Mot de passe  ${password}`];
}

function login(what: string, name: string | undefined): string[] {
  return name === undefined ? [] : [`  ${what}`, `    Identifiant   ${name}`, ''];
}

function children(persona: Persona | undefined): string[] {
  const born = (persona?.children ?? []).map(
    (child) => `${child.given_name} ${child.birth_date.split('-').reverse().join('/')}`,
  );
  return born.length > 0 ? [`    Children, born ${born.join(', ')}`, ''] : [];
}
