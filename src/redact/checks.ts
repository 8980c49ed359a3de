/** Check digits and number plans, from the public definitions of each format. */

/** The Luhn sum (ISO/IEC 7812-1, annex B) of a string of digits. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Issuer prefixes, first to last, and the lengths in use. Nothing begins with 0, 1 or 7: those are times and other numbers. */
const ISSUERS: readonly (readonly [first: number, last: number, ...lengths: number[]])[] = [
  [4, 4, 13, 16, 19], // Visa
  [51, 55, 16], // Mastercard
  [2221, 2720, 16],
  [34, 34, 15], // American Express
  [37, 37, 15],
  [6011, 6011, 16, 17, 18, 19], // Discover
  [644, 649, 16, 17, 18, 19],
  [65, 65, 16, 17, 18, 19],
  [62, 62, 16, 17, 18, 19], // UnionPay
  [3528, 3589, 16, 17, 18, 19], // JCB
  [300, 305, 14, 16, 17, 18, 19], // Diners Club
  [3095, 3095, 14, 16, 17, 18, 19],
  [36, 36, 14, 15, 16, 17, 18, 19],
  [38, 39, 14, 16, 17, 18, 19],
  [5018, 5018, 13, 14, 15, 16, 17, 18, 19], // Maestro
  [5020, 5020, 13, 14, 15, 16, 17, 18, 19],
  [5038, 5038, 13, 14, 15, 16, 17, 18, 19],
  [5893, 5893, 13, 14, 15, 16, 17, 18, 19],
  [6304, 6304, 13, 14, 15, 16, 17, 18, 19],
  [6759, 6759, 13, 14, 15, 16, 17, 18, 19],
  [6761, 6763, 13, 14, 15, 16, 17, 18, 19],
  [2200, 2204, 16, 17, 18, 19], // Mir
  [508, 508, 16], // RuPay
  [607, 608, 16],
];

/** A payment card's number: issuer, its length, its check digit. */
export function isCardNumber(digits: string): boolean {
  // The sum first: nine of ten end there, at a tenth of the cost.
  if (!passesLuhn(digits)) return false;
  return ISSUERS.some(([first, last, ...lengths]) => {
    const prefix = Number(digits.slice(0, String(first).length));
    return prefix >= first && prefix <= last && lengths.includes(digits.length);
  });
}

/** Length of an IBAN by country (the SWIFT registry of ISO 13616). */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

export function ibanLength(country: string): number | undefined {
  return IBAN_LENGTHS.get(country.toUpperCase());
}

/** ISO 7064 MOD 97-10 over the number with its first four characters moved to its end, letters counted from 10. */
export function passesMod97(iban: string): boolean {
  let rest = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** The check digit of a nine-digit ABA routing number: weights 3, 7, 1. The first two digits name a Federal Reserve district. */
export function isRoutingNumber(digits: string): boolean {
  const district = Number(digits.slice(0, 2));
  const assigned =
    district <= 12 || (district >= 21 && district <= 32) || (district >= 61 && district <= 72) || district === 80;
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += (digits.charCodeAt(i) - 48) * [3, 7, 1][i % 3]!;
  return assigned && sum % 10 === 0 && digits !== '000000000';
}
