import { replaceCards, replaceIbans, replaceTokens, replaceWebTokens } from "./secret-shapes.ts";

type Replace = (part: string) => string;

const isHeaderOfCredentials = /(?:^|[^a-z])(?:proxy-)?(?:authorization|cookie|cookies)$/i;
// Names of a signed URL's parts: they are enough to open it.
const isUrlSecret = /^(?:sig|signature|x-(?:amz|goog|ms)-(?:signature|credential|security-token)|key-pair-id|hmac)$/i;

/**
 * Finds what is a secret by its shape inside of a text: private keys (PEM), tokens with a known prefix, JSON web tokens,
 * credentials of HTTP, the user part of a URL, signatures of presigned URLs, card numbers (that pass Luhn's check),
 * account numbers (IBAN), social security numbers, e-mail addresses, and `name=value` where the name is a secret's.
 *
 * Takes time that grows with the length of the text, and not faster.
 */
export function redactText(text: string, isSecretKey: (key: string) => boolean, replace: Replace): string {
  if (text.length < 6) return text;
  let shown = text;
  if (shown.includes("-----BEGIN ")) shown = replaceKeys(shown, replace);
  shown = replaceNamed(shown, isSecretKey, replace);
  shown = shown.replace(
    /\b(Bearer|Basic|Token|Negotiate|ApiKey)(\s{1,4})([\w.~+/=-]{6,})/gi,
    (all, scheme: string, space: string, part: string) =>
      /^b/i.test(scheme) || (part.length >= 16 && /\d/.test(part)) ? `${scheme}${space}${replace(part)}` : all,
  );
  if (shown.includes("://")) {
    shown = shown
      .replace(/(:\/\/)([^\s/@"'<>]{1,1000})@/g, (_, slashes: string, part: string) => `${slashes}${replace(part)}@`)
      .replace(
        /(:\/\/(?:hooks\.slack\.com\/(?:services|workflows|triggers)|discord(?:app)?\.com\/api\/webhooks|[\w.-]{1,80}\.webhook\.office\.com\/webhookb2)\/)([\w/@-]+)/g,
        (_, url: string, part: string) => `${url}${replace(part)}`,
      );
  }
  shown = replaceWebTokens(replaceTokens(shown, replace), replace);
  if (shown.includes("@")) shown = replaceAddresses(shown, replace);
  shown = replaceIbans(shown, replace);
  return replaceCards(shown.replace(/\b(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b/g, replace), replace);
}

/** From a beginning to its end, or to that of the text where it was cut off. */
function replaceKeys(text: string, replace: Replace): string {
  const start = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
  const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
  let shown = "";
  let from = 0;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    end.lastIndex = found.index;
    const closing = end.exec(text);
    const to = closing === null ? text.length : end.lastIndex;
    shown += text.slice(from, found.index) + replace(text.slice(found.index, to));
    from = start.lastIndex = to;
  }
  return shown + text.slice(from);
}

const longestName = 64;

/** Each `=`, `:` or `=>` with a secret's name before it takes the value behind it away. */
function replaceNamed(text: string, isSecretKey: (key: string) => boolean, replace: Replace): string {
  const signs = /=>|[=:]/g;
  let shown = "";
  let from = 0;
  for (let sign = signs.exec(text); sign !== null; sign = signs.exec(text)) {
    const name = nameBefore(text, sign.index, from);
    if (name === "") continue;
    const isHeader = isHeaderOfCredentials.test(name);
    if (!isHeader && !isUrlSecret.test(name) && !isSecretKey(name)) continue;
    const [start, end] = valueBehind(text, signs.lastIndex, isHeader);
    if (end <= start) continue;
    shown += text.slice(from, start) + replace(text.slice(start, end));
    from = signs.lastIndex = end;
  }
  return from === 0 ? text : shown + text.slice(from);
}

function nameBefore(text: string, at: number, least: number): string {
  let end = at;
  while (end > least && at - end < 4 && /[\s"'`\\]/.test(text[end - 1]!)) end -= 1;
  let start = end;
  while (start > least && end - start < longestName && /[\w.$-]/.test(text[start - 1]!)) start -= 1;
  return text.slice(start, end);
}

/** Where a value begins and ends: quoted, in brackets, to the end of the line for a header, or up to what separates. */
function valueBehind(text: string, at: number, isHeader: boolean): readonly [start: number, end: number] {
  let start = at;
  while (start < text.length && /[ \t\\]/.test(text[start]!)) start += 1;
  const first = text[start];
  if (first === '"' || first === "'" || first === "`") return [start + 1, endOfQuoted(text, start + 1, first)];
  if (first === "[" || first === "{") return [start, endOfBrackets(text, start)];
  const separator = isHeader ? /[\r\n]/g : /[\s&;,"'<>{}[\]()`]/g;
  separator.lastIndex = start;
  return [start, separator.exec(text)?.index ?? text.length];
}

function endOfQuoted(text: string, start: number, quote: string): number {
  // Text inside of text has its quotes escaped: `{\"token\":\"…\"}`.
  if (text[start - 2] === "\\") {
    const end = text.indexOf(`\\${quote}`, start);
    return end < 0 ? text.length : end;
  }
  let at = start;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

function endOfBrackets(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === "[" || sign === "{") depth += 1;
    else if ((sign === "]" || sign === "}") && --depth === 0) return at + 1;
  }
  return text.length;
}

/** E-mail addresses, found by their `@`. */
function replaceAddresses(text: string, replace: Replace): string {
  let shown = "";
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > from && at - start < 64 && /[\p{L}\p{N}_.+%-]/u.test(text[start - 1]!)) start -= 1;
    if (start === at) continue;
    const host = /^[\p{L}\p{N}_-]{1,64}(?:\.[\p{L}\p{N}_-]{1,64}){1,5}/u.exec(text.slice(at + 1, at + 400));
    if (host === null) continue;
    const end = at + 1 + host[0].length;
    shown += text.slice(from, start) + replace(text.slice(start, end));
    from = end;
    at = end - 1;
  }
  return from === 0 ? text : shown + text.slice(from);
}
