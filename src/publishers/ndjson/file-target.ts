import { oneAfterAnother } from "../../model/one-after-another.ts";
import { closeSync, openSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { OptionCheck } from "../../model/check-options.ts";
import { makeFolder } from "../../model/make-folder.ts";
import { aNumber, aWhole, orElse, required, settle, type OptionTable } from "../../model/option-table.ts";
import { OpenFile } from "./open-file.ts";
import { rotateFiles } from "./rotate.ts";
import type { Target } from "./target.ts";

/** When a file is set aside: `results.ndjson` becomes `results.ndjson.1`, that one `.2`, and so on. */
export interface Rotation {
  /**
   * A file is set aside before it would grow beyond this many bytes; at least 1 000. A line that is longer has a file for itself.
   * Where it cannot be set aside, as in a folder that cannot be written to, the file grows on, and one fault says so.
   * Several processes may each add one write more.
   */
  readonly bytes: number;
  /** How many files are kept beside the current one; the oldest is deleted. 5 by default. */
  readonly files?: number;
}

const ownerOnly = 0o600;

/** Appends to a file. Opens it again when it was moved, deleted or rotated, by any process. */
export function fileTarget(
  path: string,
  rotation: Rotation | undefined,
  check: OptionCheck,
  onFault: (error: Error) => void,
): Target {
  const { bytes, files } =
    rotation === undefined ? { bytes: Infinity, files: 0 } : settle(check, rotationTable, rotation, "rotate");
  tryOut(path, check);
  let handle: OpenFile | undefined;
  let torn = false;
  let told = false;
  // Also when `publish` is called without waiting.
  const inTurn = oneAfterAnother();

  async function opened(): Promise<OpenFile> {
    if (handle !== undefined) {
      const [ours, now] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
      if (now !== undefined && ours.ino === now.ino && ours.dev === now.dev) return handle;
      await close();
    }
    await mkdir(dirname(path), { recursive: true });
    handle = await OpenFile.open(path, "a+", ownerOnly);
    torn = await endsTorn(handle);
    return handle;
  }

  async function close(): Promise<void> {
    const old = handle;
    handle = undefined;
    await old?.close();
  }

  async function write(lines: string): Promise<void> {
    let rest = Buffer.from(lines);
    while (rest.length > 0) {
      const chunk = bytes === Infinity ? rest : rest.subarray(0, await roomFor(rest));
      await append(chunk);
      rest = rest.subarray(chunk.length);
    }
  }

  /** How many bytes of whole lines may go into the file; it is set aside first where it has no room for one. */
  async function roomFor(lines: Buffer): Promise<number> {
    for (let tries = 0; ; tries++) {
      const file = await opened();
      const { size } = await file.stat();
      const fitting = wholeLines(lines, bytes - size - (torn ? 1 : 0));
      if (fitting > 0) return fitting;
      const set = size > 0 && tries < mostTries && (await rotateFiles(path, files, (now) => now >= size));
      // A line that is longer than a file may be has one for itself; and where no file can be set aside, writing goes on.
      if (set instanceof Error) tellOnce(set);
      if (size === 0 || set instanceof Error || tries >= mostTries)
        return wholeLines(lines, bytes) || lines.indexOf(0x0a) + 1;
      if (set === "busy") await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  function tellOnce(error: Error): void {
    if (!told) onFault(error);
    told = true;
  }

  async function append(chunk: Buffer): Promise<void> {
    const file = await opened();
    const whole = torn ? Buffer.concat([Buffer.from("\n"), chunk]) : chunk;
    // Until it is known to be whole: a full disk takes the first part of a write.
    torn = true;
    const bytesWritten = await file.write(whole);
    if (bytesWritten < whole.length) throw new Error(`Only ${bytesWritten} of ${whole.length} bytes were written`);
    torn = false;
  }

  return { write: (lines) => inTurn(() => write(lines)), close: () => inTurn(close) };
}

// Another process that sets the file aside is waited for, some half a second.
const mostTries = 50;

/** How many bytes the whole lines at the beginning have that fit into so much room. */
function wholeLines(lines: Buffer, room: number): number {
  if (lines.length <= room) return lines.length;
  return room <= 0 ? 0 : lines.lastIndexOf(0x0a, room - 1) + 1;
}

export const rotationTable: OptionTable<Rotation, "files"> = {
  bytes: required(aNumber({ min: 1_000 })),
  files: orElse(aWhole({ max: 1_000 }), 5),
};

/** Opening it now is the only way to know that it can be opened. */
function tryOut(path: string, check: OptionCheck): void {
  try {
    makeFolder(dirname(path));
    closeSync(openSync(path, "a", ownerOnly));
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    check.fail("path", `a file that can be written (${code})`, path);
  }
}

/** Whether a process was killed in the middle of a line: then ours has to begin on a new one. */
async function endsTorn(handle: OpenFile): Promise<boolean> {
  const status = await handle.stat();
  if (!status.isFile() || status.size === 0) return false;
  return (await handle.readByte(status.size - 1)) !== 0x0a;
}
