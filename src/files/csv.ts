/**
 * How a CSV is written for spreadsheets set to French, as csv-stringify takes it: UTF-8 with a mark,
 * semicolons, CRLF, quotes only where a value needs them. What a spreadsheet would take for a formula (a value that
 * begins with = + - @, a tab or their wide forms) gets an apostrophe before it: the only case in which a datum is
 * changed.
 */
export const FRENCH_CSV = {
  bom: true,
  delimiter: ';',
  record_delimiter: '\r\n',
  escape_formulas: true,
  // Within a value a line break begins no line of the file, which could then be a formula.
  quoted_match: /[\r\n]/,
} as const;
