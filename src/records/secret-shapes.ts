// Tokens that say by a prefix what they are, as in the public rule sets of secret scanners. Each begins with fixed
// characters and then takes one class of characters without turning back, so that a search is linear in the text.
const prefixed: readonly string[] = [
  "gh[pousr]_[A-Za-z0-9]{16,}",
  "github_pat_\\w{16,}",
  "gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas|ffct)-[\\w-]{16,}",
  "(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}",
  "(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{8,}",
  "whsec_[\\w+/=-]{16,}",
  "xox[abeoprs]-[\\w-]{8,}",
  "xapp-[\\w-]{8,}",
  "AIza[\\w-]{30,}",
  "ya29\\.[\\w.-]{10,}",
  "GOCSPX-[\\w-]{10,}",
  "npm_[A-Za-z0-9]{30,}",
  "sk-(?:proj-|ant-|svcacct-|admin-|or-)?[\\w-]{20,}",
  "SG\\.[\\w-]{22}\\.[\\w-]{30,}",
  "(?:AC|SK)[0-9a-f]{32}",
  "shp(?:at|ca|pa|ss|tka|ua)_[0-9a-fA-F]{16,}",
  "do[opr]_v1_[0-9a-f]{16,}",
  "hf_[A-Za-z0-9]{20,}",
  "pypi-[\\w-]{40,}",
  "dapi[0-9a-f]{32}",
  "hv[sbr]\\.[\\w-]{20,}",
  "key-[0-9a-f]{32}",
  "NRAK-[A-Z0-9]{20,}",
  "\\d{8,10}:AA[\\w-]{30,}",
  "EAA[A-Za-z0-9]{40,}",
  "sq0[a-z]{3}-[\\w-]{20,}",
  "lin_api_\\w{20,}",
  "fig[dou]_[\\w-]{20,}",
  "PMAK-[0-9a-f-]{30,}",
  "gl(?:sa|c)_[\\w=-]{20,}",
  "AGE-SECRET-KEY-1[A-Z0-9]{40,}",
  "dp\\.(?:pt|st|ct)\\.[\\w.]{30,}",
  "ATATT3[\\w=-]{30,}",
  "sl\\.[\\w-]{60,}",
  "pscale_(?:tkn|pw|oauth)_[\\w.=-]{20,}",
  "sntry[su]_[\\w=+/]{20,}",
  "(?:dckr_pat|r8|gsk|nfp|tfp|pnu|ntn|sbp|secret|pul|rdme|rubygems|shippo_live|CLOJARS|pplx|xai|xkeysib)[_-][A-Za-z0-9]{25,}(?:-\\w+)?",
  "ops_eyJ[\\w-]{50,}",
  "dt0c01\\.[A-Z0-9.]{40,}",
  "(?:ATBB|LTAI|AKID|EZ[AT]K)[A-Za-z0-9]{16,}",
  "(?:HRKU|pat-[a-z]{2,3}\\d)-[0-9a-f-]{36}",
];

// Those that are known by a mark in their middle, sought only where it stands.
const marked: readonly (readonly [mark: string, whole: RegExp])[] = [
  ["-us", /\b[0-9a-f]{32}-us\d{1,2}\b/g],
  [".atlasv1.", /\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}/g],
  ["Q~", /\b\w{3}\dQ~[\w.~-]{30,}/g],
];

const tokens: RegExp = new RegExp(`\\b(?:${prefixed.join("|")})`, "g");

const token = new RegExp(`\\b(?:${prefixed.join("|")})`);

/** Whether a text says by its prefix that it is a token, or has one in it. */
export function holdsToken(text: string): boolean {
  return token.test(text);
}

/** Tokens that say by a prefix, or by a mark in their middle, what they are. */
export function replaceTokens(text: string, replace: (part: string) => string): string {
  const shown = text.replace(tokens, replace);
  return marked.reduce((left, [mark, whole]) => (left.includes(mark) ? left.replace(whole, replace) : left), shown);
}

/** JSON web tokens (RFC 7519), signed or encrypted: parts in base64url, the first of which is a JSON object. */
export function replaceWebTokens(text: string, replace: (part: string) => string): string {
  // What begins so is taken whole, dots or not, and so is never looked at again.
  return text.replace(/\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}/g, (found) =>
    /\.[\w-]{5}/.test(found) ? replace(found) : found,
  );
}

/** Numbers of cards, alone or before other digits: `4111 1111 1111 1111 12/29`. */
export function replaceCards(text: string, replace: (part: string) => string): string {
  return text.replace(/(?<![\d.])\d(?:[ -]?\d){11,18}(?!\d)/g, (digits) => {
    for (let end = digits.length; end >= 13; end--) {
      if (end < digits.length && !/[ -]/.test(digits[end]!)) continue;
      if (isCardNumber(digits.slice(0, end))) return replace(digits.slice(0, end)) + digits.slice(end);
    }
    return digits;
  });
}

/** @see https://en.wikipedia.org/wiki/Payment_card_number: the ranges of the issuers, and the check digit */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (
    !/^(?:4\d{12}(?:\d{3}){0,2}|5[0-8]\d{10,17}|6\d{11,18}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14})$/.test(
      digits,
    )
  )
    return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

// How many characters each country's numbers have, as the IBAN registry (ISO 13616) lists them.
const ibanLengths = new Map(
  (
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22" +
    "GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31" +
    "MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24" +
    "XK20YE30"
  )
    .match(/.{4}/g)!
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

/** Replaces account numbers (IBAN) of the right length for their country, written together or in groups. */
export function replaceIbans(text: string, replace: (part: string) => string): string {
  return text.replace(/\b([A-Z]{2})\d{2}(?:[ -]?[A-Z0-9]){11,30}/gi, (found, country: string) => {
    const length = ibanLengths.get(country.toUpperCase());
    if (length === undefined) return found;
    let end = 0;
    for (let signs = 0; end < found.length && signs < length; end++) if (!/[ -]/.test(found[end]!)) signs += 1;
    const number = found.slice(0, end);
    return isIban(number.replace(/[ -]/g, "").toUpperCase(), length) ? replace(number) + found.slice(end) : found;
  });
}

/** ISO 7064, mod 97-10. */
function isIban(number: string, length: number): boolean {
  if (number.length !== length) return false;
  let rest = 0;
  for (const sign of number.slice(4) + number.slice(0, 4)) {
    const value = parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
