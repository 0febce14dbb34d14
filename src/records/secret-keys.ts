/**
 * Names under which secrets and personal data are usually kept; redacted wherever values are shown.
 *
 * Compared by words: `token` finds `accessToken`, `access_token` and `x-token`, but not `tokenise`.
 */
export const secretKeys: readonly string[] = [
  ...["password", "passwd", "pwd", "passphrase", "passcode", "pin", "otp", "secret", "token", "jwt", "bearer"],
  ...["api key", "apikey", "private key", "privatekey", "access key", "accesskey", "secret key", "signing key"],
  ...["authorization", "authentication", "auth", "cookie", "session", "sessionid", "sid", "csrf", "xsrf", "credential"],
  ...["card number", "cardnumber", "credit card", "creditcard", "pan", "cvv", "cvc", "security code", "iban"],
  ...["email", "e mail", "phone", "ssn", "social security", "date of birth", "passport"],
];

/** Whether a key holds one of the names, compared by words and without regard to case and plural. */
export function keyMatcher(names: readonly string[]): (key: string) => boolean {
  const sought = names.map(inWords).filter((words) => words !== "  ");
  const known = new Map<string, boolean>();
  return (key) => {
    const answered = known.get(key);
    if (answered !== undefined) return answered;
    const words = inWords(key.slice(0, 200));
    const found = sought.some((name) => words.includes(name));
    // Objects share their keys, so that most are asked for again and again; maps with endless keys must not fill it.
    if (known.size >= 1_000) known.clear();
    known.set(key, found);
    return found;
  };
}

/** `X-API-Keys` and `xApiKey` are both ` x api key `. */
function inWords(key: string): string {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => (word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word));
  return ` ${words.filter((word) => word !== "").join(" ")} `;
}
