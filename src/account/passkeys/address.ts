export const LIST = '/compte/cles';

/** A page of « Clés d'accès ». */
export const addressOf = (...parts: readonly string[]): string =>
  [LIST, ...parts.map(encodeURIComponent)].join('/');
