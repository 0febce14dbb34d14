/**
 * Names under which secrets and personal data are kept by custom; redacted wherever values are shown.
 *
 * Compared by words: `token` finds `accessToken`, `access_token`, `x-token` and `token2`, but not `tokenise`.
 */
export const secretKeys: readonly string[] = [
  ...["password", "passwd", "pwd", "pw", "passphrase", "passcode", "passwort", "pin", "otp", "totp", "secret", "token"],
  ...["jwt", "bearer", "hmac", "authorization", "authentication", "auth", "oauth", "cookie", "session", "sessionid"],
  ...["sess", "sid", "csrf", "xsrf", "credential", "cred", "pan", "cvv", "cvc", "iban"],
  ...["email", "e mail", "phone", "ssn", "social security", "date of birth", "birthday", "dob", "passport"],
];

// Of words that belong or are run together (`apiKey`, `PGPASSWORD`, `accesstoken`, `PHPSESSID`): what they hold, and what one ends with.
const holds =
  /password|passwd|passphrase|passwort|credential|credit ?card|(?:card|cc|phone) ?number|emailaddress|birth ?date|(?:private|secret|access|api|session|signing|encryption|master|account|storage|auth|ssh)(?:key| key\b)|sess(?:ion)?id|pincode|(?:security|recovery|backup) ?code|connection ?string/;
const endsWith = /(?:token|secret|pwd| (?:db|user)pass) $/;
// `boarding pass` and `passCount` are none; `pass`, `db_pass`, `pass2` and `userPass` are.
const endsWithPass = /^(?: | (?:db|database|user|admin|root|my|pg|mysql|smtp|ftp|login|auth|new|old) )pass (?:\d+ )?$/;

/** A key that is longer is no name, and cannot be told. */
const longestKey = 500;

/** Whether a key holds one of the names, compared by words and without regard to case, digits and plural. */
export function keyMatcher(names: readonly string[]): (key: string) => boolean {
  const sought = names.map(inWords).filter((words) => words !== "  ");
  const known = new Map<string, boolean>();
  return (key) => {
    if (key.length > longestKey) return true;
    const answered = known.get(key);
    if (answered !== undefined) return answered;
    const words = inWords(key);
    const found =
      sought.some((name) => words.includes(name)) ||
      endsWithPass.test(words) ||
      holds.test(words) ||
      words.split(" ").some((word) => endsWith.test(` ${word} `));
    // Objects share their keys, so that most are asked for again and again; maps with endless keys must not fill it.
    if (known.size >= 1_000) known.clear();
    known.set(key, found);
    return found;
  };
}

/** `X-API-Keys`, `xApiKey` and `xApiKey2` are all ` x api key `, but for the digits, which are a word. */
function inWords(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z\d])/g, "$1 $2")
    .replace(/(\d)(?=[A-Za-z])/g, "$1 ")
    .replace(/([A-Z])(?=[A-Z][a-z])/g, "$1 ")
    .replace(/([A-Z])(?=\d)/g, "$1 ")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => (word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word));
  return ` ${words.filter((word) => word !== "").join(" ")} `;
}
