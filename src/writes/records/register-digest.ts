import { createHash } from "node:crypto";

/** What is used of a database of SQLite: `function` of `better-sqlite3` 12, `node:sqlite` of Node 22.13, or `node-sqlite3-wasm`. */
export interface DigestDatabase {
  function(
    name: string,
    run: (...values: (null | number | bigint | string | Uint8Array)[]) => number | string,
  ): unknown;
}

/**
 * Adds to a database of SQLite the functions that {@link digestSql} uses: `sidelane_md5`, `sidelane_decimal` and `sidelane_time`. Once for each
 * connection.
 */
export function registerDigest(database: DigestDatabase): void {
  let last = "";
  let halves: readonly [number, number] = halvesOf(last);
  // Asked for both halves of one text, one after the other.
  database.function("sidelane_md5", (text: unknown, half: unknown) => {
    const given = String(text);
    if (given !== last) [last, halves] = [given, halvesOf(given)];
    return halves[Number(half) === 0 ? 0 : 1];
  });
  database.function("sidelane_decimal", (value: unknown, scale: unknown) => decimalText(String(value), Number(scale)));
  database.function("sidelane_time", (value: unknown, unit: unknown) => timeText(value, String(unit)));
}

/** The upper and the lower 30 bits of the first 60 of an md5. */
function halvesOf(text: string): readonly [number, number] {
  const prefix = BigInt(`0x${createHash("md5").update(text).digest("hex").slice(0, 15)}`);
  return [Number(prefix >> 30n), Number(prefix & 0x3fff_ffffn)];
}

/** A decimal number at a scale, half away from zero, as PostgreSQL's `numeric` has it; other texts as they are. */
export function decimalText(text: string, scale: number): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  if (digits === "" || Math.abs(Number(exponent)) > 1_000) return text;
  // As a whole number of units of 10^-places.
  const places = fraction.length - Number(exponent);
  const shift = scale - places;
  const unrounded = BigInt(digits);
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  const units = shift >= 0 ? unrounded * 10n ** BigInt(shift) : (unrounded + divisor / 2n) / divisor;
  const padded = String(units).padStart(scale + 1, "0");
  const shown = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  return sign === "-" && units !== 0n ? `-${shown}` : shown;
}

const micros: Readonly<Record<string, number>> = { s: 1_000_000, ms: 1_000, us: 1 };

/** Microseconds since 1970, in UTC; texts that are no time as they are. */
export function timeText(value: unknown, unit: string): string {
  if (typeof value === "bigint") return String(value * BigInt(micros[unit]!));
  if (typeof value === "number") return decimalText(String(value * micros[unit]!), 0);
  const text = String(value);
  const [, date, time = "00:00:00", fraction = "", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/.exec(text) ?? [];
  if (date === undefined) return text;
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone;
  const seconds = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}${offset}`) / 1_000;
  if (Number.isNaN(seconds)) return text;
  return String(BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, "0")));
}
