import type { Reading } from "./reading.ts";

/** One part of a multipart body. */
export interface BodyPart {
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

const mostParts = 1_000;

/**
 * The parts of a multipart body, without preamble and epilogue; `undefined` where it is none, or has more than 1 000.
 *
 * @throws {TooMuch}
 */
export function partsOf(bytes: Uint8Array, boundary: string, reading: Reading): readonly BodyPart[] | undefined {
  // One character a byte, so that positions are the same.
  const text = new TextDecoder("latin1").decode(bytes);
  const mark = `--${boundary}`;
  const parts: BodyPart[] = [];
  let at = text.startsWith(mark) ? 0 : text.indexOf(`\r\n${mark}`) + 2;
  if (at < 2 && !text.startsWith(mark)) return undefined;
  while (parts.length < mostParts) {
    at += mark.length;
    if (text.startsWith("--", at)) return parts;
    const line = text.indexOf("\r\n", at);
    const next = text.indexOf(`\r\n${mark}`, at);
    if (line < 0 || next < 0) return undefined;
    // A part without headers begins with an empty line.
    const hasHeaders = !text.startsWith("\r\n", line + 2);
    const blank = hasHeaders ? text.indexOf("\r\n\r\n", line) : line;
    if (blank < 0 || blank > next) return undefined;
    const headers = hasHeaders ? headersOf(text.slice(line + 2, blank), reading) : {};
    parts.push({ headers, bytes: bytes.subarray(Math.min(blank + 4, next), next) });
    at = next + 2;
  }
  return undefined;
}

function headersOf(block: string, reading: Reading): Record<string, string> {
  return Object.fromEntries(
    reading.split(block, "\r\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
