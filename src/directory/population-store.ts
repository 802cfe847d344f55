import type { Knex } from 'knex';

/**
 * Leaves the pupils who are of the population: present, with an INE and, in the first degree, in a
 * class. Tables: p pupils, s their schools.
 */
export function ofPopulation(query: Knex.QueryBuilder): void {
  query
    .whereNull('p.left_at')
    .whereNotNull('p.ine')
    .where((either) => either.where('s.degree', 2).orWhereNotNull('p.class_id'));
}
