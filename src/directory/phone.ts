import { type CountryCode, type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** Overseas académies whose numbers have a plan of their own (integration.md 5.1). */
const TERRITORY_OF_ACADEMY: Record<string, CountryCode> = {
  '28': 'RE',
  '31': 'MQ',
  '32': 'GP',
  '33': 'GF',
  '40': 'NC',
  '41': 'PF',
  '42': 'WF',
  '43': 'YT',
  '44': 'PM',
};
/** First three digits of a UAI overseas. */
const TERRITORY_OF_UAI: Record<string, CountryCode> = {
  '971': 'GP',
  '972': 'MQ',
  '973': 'GF',
  '974': 'RE',
  '975': 'PM',
  '976': 'YT',
  '986': 'WF',
  '987': 'PF',
  '988': 'NC',
};
/** Mobile prefixes that tell the territory by themselves; the metadata of the library lags behind allocations. */
const OVERSEAS_MOBILE: Record<string, string> = {
  '690': '590',
  '691': '590',
  '692': '262',
  '693': '262',
  '639': '262',
  '694': '594',
  '696': '596',
  '697': '596',
};

export type PhoneOrigin = {
  academyCode?: string | undefined;
  uai?: string | undefined;
  /** PHONE_EXTRA_MOBILE_PREFIXES: E.164 prefixes that are mobiles whatever the numbering plan says. */
  extraPrefixes: readonly string[];
};

/**
 * A mobile number in E.164, or null when it is none (landline, placeholder, too short).
 * An explicit country wins; else France, then the overseas prefixes that tell their territory by themselves, then
 * the territory of the school (0708, 0709 and the short numbers of the Pacific mean nothing without it).
 */
export function normaliseMobile(raw: string | undefined, origin: PhoneOrigin): string | null {
  if (raw === undefined || raw.length > 60) return null;
  const digits = raw.replace(/[^\d+]/g, '').replace(/(?!^)\+/g, '');
  if (digits.length < 6 || /^\+?(\d)\1*$/.test(digits)) return null;
  const metropolitan = /^(?:\+33|0033|33)?0?([67]\d{8})$/.exec(digits)?.[1];
  if (metropolitan !== undefined) {
    const known = knownMobile(metropolitan, origin.extraPrefixes, digits);
    if (known !== null) return known;
  }
  const international = digits.replace(/^00/, '+');
  if (international.startsWith('+')) {
    if (origin.extraPrefixes.some((prefix) => international.startsWith(prefix))) return international;
    const [, code, prefix] = /^\+(\d{3})(\d{3})\d{6}$/.exec(international) ?? [];
    if (prefix !== undefined && OVERSEAS_MOBILE[prefix] === code) return international;
    return mobileOrNull(parsePhoneNumberFromString(international));
  }
  for (const country of countriesOf(origin)) {
    const mobile = mobileOrNull(parsePhoneNumberFromString(digits, country));
    if (mobile !== null) return mobile;
  }
  return null;
}

/**
 * Every mobile that somebody may mean by what he typed, the likeliest first: without a country 0708, 0709 and the
 * short numbers of the Pacific are one in each territory. Digits of any script count. Empty: it is no mobile.
 */
export function mobileReadings(typed: string, extraPrefixes: readonly string[]): string[] {
  const raw = plainDigits(typed);
  const origins = [undefined, ...Object.keys(TERRITORY_OF_UAI)];
  const readings = origins.map((uai) => normaliseMobile(raw, { uai, extraPrefixes }));
  return [...new Set(readings.filter((mobile) => mobile !== null))];
}

/** Digits of other scripts as ours: each script has its ten in one row. */
function plainDigits(text: string): string {
  return text.normalize('NFKC').replace(/(?!\d)\p{Nd}/gu, (digit) => {
    const point = digit.codePointAt(0) ?? 0;
    let value = 0;
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value += 1;
    return String(value);
  });
}

/** The common cases without the library: 06 and 07 3 to 9 in France, the overseas prefixes, the extra prefixes. */
function knownMobile(national: string, extraPrefixes: readonly string[], typed: string): string | null {
  const inFrance = `+33${national}`;
  if (extraPrefixes.some((prefix) => inFrance.startsWith(prefix))) return inFrance;
  const explicit = /^(\+|00)/.test(typed);
  const overseas = OVERSEAS_MOBILE[national.slice(0, 3)];
  if (overseas !== undefined) return explicit ? null : `+${overseas}${national}`;
  return /^(6[0-8]|7[3-9])/.test(national) ? inFrance : null;
}

function countriesOf({ academyCode, uai }: PhoneOrigin): CountryCode[] {
  const own = TERRITORY_OF_UAI[uai?.slice(0, 3) ?? ''] ?? TERRITORY_OF_ACADEMY[academyCode ?? ''];
  return own ? ['FR', own] : ['FR'];
}

function mobileOrNull(number: PhoneNumber | undefined): string | null {
  if (!number?.isValid()) return null;
  const type = number.getType();
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE' ? number.number : null;
}

/** A kept number as people of its country write it: « 06 39 98 00 01 »; one from elsewhere stays as it is. */
export function readableMobile(e164: string): string {
  const national = /^\+33(\d{9})$/.exec(e164)?.[1];
  return national === undefined ? e164 : `0${national}`.replace(/\d\d(?=\d)/g, '$& ');
}
