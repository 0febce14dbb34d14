import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { CliIo } from "./io.ts";
import { UsageError } from "./arguments.ts";
import { unfinishedFolder } from "../report/engines/duckdb.ts";

/** A file that can be read, or standard input. */
export interface Source {
  readonly name: string;
  /** In bytes; `undefined` where nobody knows. */
  readonly size: number | undefined;
  open(onBytes: (bytes: number) => void): AsyncIterable<string | Uint8Array>;
}

/**
 * The files that names and patterns stand for, `-` for standard input. What is missing is told, and the others go on.
 *
 * @throws {UsageError} where nothing is left
 */
export function sourcesOf(names: readonly string[], io: CliIo, command: string): Source[] {
  if (names.length === 0) throw new UsageError(`sidelane ${command}: name at least one file, or - for standard input`);
  const sources = names.flatMap((name) => {
    if (name === "-") return [standardInput(io)];
    const found = existsSync(name) ? [name] : matching(name);
    if (found.length === 0) io.err(`sidelane: there is no file ${name}\n`);
    return found.flatMap((path) => fileOf(path, io));
  });
  if (sources.length === 0) throw new UsageError(`sidelane ${command}: there is nothing to read`);
  return sources;
}

function fileOf(path: string, io: CliIo): Source[] {
  try {
    const status = statSync(path);
    if (status.isDirectory()) {
      io.err(`sidelane: ${path} is a folder; name its files, such as ${path}/*.ndjson\n`);
      return [];
    }
    const size = status.isFile() ? status.size : undefined;
    return [{ name: path, size, open: (onBytes) => opened(path, onBytes) }];
  } catch (error) {
    io.err(`sidelane: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})\n`);
    return [];
  }
}

/** What was packed by gzip is unpacked on the way. */
function opened(path: string, onBytes: (bytes: number) => void): AsyncIterable<string | Uint8Array> {
  const bytes = counted(createReadStream(path, { highWaterMark: 1 << 18 }), onBytes);
  return path.endsWith(".gz") ? (Readable.from(bytes).compose(createGunzip()) as AsyncIterable<Uint8Array>) : bytes;
}

function standardInput(io: CliIo): Source {
  return { name: "standard input", size: undefined, open: (onBytes) => counted(io.stdin, onBytes) };
}

async function* counted(
  pieces: AsyncIterable<string | Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string | Uint8Array> {
  for await (const piece of pieces) {
    onBytes(piece.length);
    yield piece;
  }
}

/** The files that a pattern stands for: `*` and `?` within a name, `**` for any folders. */
export function matching(pattern: string): string[] {
  if (!/[*?]/.test(pattern)) return [];
  const parts = pattern.split(/[\\/]/);
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const start = parts.slice(0, fixed).join(sep) || (pattern.startsWith("/") ? sep : ".");
  const found: string[] = [];
  walk(start, parts.slice(fixed), found);
  return [...new Set(found)].sort();
}

function walk(folder: string, [part, ...rest]: readonly string[], found: string[]): void {
  if (part === undefined) return;
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  if (part === "**") walk(folder, rest, found);
  const name = new RegExp(
    `^${part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, "[^/]*")
      .replace(/\?/g, "[^/]")}$`,
  );
  for (const entry of entries) {
    if (entry.name === unfinishedFolder) continue;
    const path = folder === "." ? entry.name : join(folder, entry.name);
    if (part === "**" && entry.isDirectory()) walk(path, [part, ...rest], found);
    else if (part !== "**" && name.test(entry.name)) {
      if (rest.length === 0) found.push(path);
      else if (entry.isDirectory()) walk(path, rest, found);
    }
  }
}
