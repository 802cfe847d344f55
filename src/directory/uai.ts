/** A school's UAI as somebody typed it: seven digits and a letter. @returns null when it is none */
export function readUai(typed: string): string | null {
  const uai = typed.trim().toUpperCase();
  return /^\d{7}[A-Z]$/.test(uai) ? uai : null;
}
