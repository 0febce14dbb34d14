/**
 * Finds what is a secret by its shape inside of a text: private keys (PEM), JSON web tokens, `Bearer` and `Basic`
 * credentials, the user part of a URL, card numbers (that pass Luhn's check), e-mail addresses, and `name=value` where
 * the name is a secret's.
 */
export function redactText(
  text: string,
  isSecretKey: (key: string) => boolean,
  replace: (part: string) => string,
): string {
  if (text.length < 6) return text;
  return text
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, replace)
    .replace(/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, replace)
    .replace(
      /\b(Bearer|Basic)(\s+)([\w.~+/=-]{6,})/gi,
      (_, scheme: string, space: string, part: string) => `${scheme}${space}${replace(part)}`,
    )
    .replace(/(:\/\/)([^\s/@"']{1,200})@/g, (_, slashes: string, part: string) => `${slashes}${replace(part)}@`)
    .replace(/([\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5})/g, replace)
    .replace(
      /([\w.-]{1,64})(["']?\s?[=:]\s?["']?)([^\s&;,"'{}[\]]{1,400})/g,
      (all, name: string, sign: string, part: string) => (isSecretKey(name) ? `${name}${sign}${replace(part)}` : all),
    )
    .replace(/\b\d(?:[ -]?\d){12,18}\b/g, (digits) => (passesLuhn(digits) ? replace(digits) : digits));
}

/** @see Hans Peter Luhn, US patent 2 950 048 (1960): the check digit of card numbers */
function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
