import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

// A file that was being written when its process was killed is nobody's after so long.
const abandonedAfterMs = 60_000;

/** The numbers in the names of files such as `state-000000000003.json`, rising. */
export function numbersIn(names: readonly string[], kind: string): number[] {
  const pattern = new RegExp(`^${kind}-(\\d{12,16})\\.json$`);
  return names
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

export function numbered(kind: string, number: number): string {
  return `${kind}-${String(number).padStart(12, "0")}.json`;
}

/** The names in a folder; none where there is no such folder. */
export async function entries(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A file's text; `undefined` where there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Puts a file in the place of another one, or of none: a reader gets the one or the other, also after the power has failed. */
export async function put(folder: string, name: string, text: string): Promise<void> {
  await withDraft(folder, text, async (draft) => rename(draft, join(folder, name)));
}

/** Makes a file that is not there yet. @returns whether it was not there: of several that ask at once, one gets `true` */
export async function make(folder: string, name: string, text: string): Promise<boolean> {
  return withDraft(folder, text, async (draft) => {
    try {
      await link(draft, join(folder, name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  });
}

async function withDraft<Value>(folder: string, text: string, use: (draft: string) => Promise<Value>): Promise<Value> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `draft-${randomUUID()}`);
  try {
    const file = await open(draft, "wx");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return await use(draft);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes what processes that were killed were writing. */
export async function sweep(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names.filter((each) => each.startsWith("draft-"))) {
    const file = join(folder, name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > abandonedAfterMs) await rm(file, { force: true });
  }
}

/**
 * A name that is one on every file system, and another one for every text: short names of small letters are themselves, any other has its
 * letters and digits, and a hash of the whole.
 */
export function encode(name: string): string {
  if (/^[a-z0-9_-]{1,100}$/.test(name) && !/^(?:con|prn|aux|nul|com\d|lpt\d)$/.test(name)) return name;
  // Of its code units: halves of characters are no UTF-8, and are not the same name.
  const hash = createHash("sha256").update(Buffer.from(name, "utf16le")).digest("hex").slice(0, 32);
  const letters = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40);
  return `${letters}%${hash}`;
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
