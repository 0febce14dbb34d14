import { rename, rm, stat, writeFile } from "node:fs/promises";

const staleMs = 10_000;

/**
 * Sets a file aside, `path` to `path.1` and so on, the last of them deleted. Of several processes only one does it: it holds
 * `path.lock`, and asks again whether the file is still too big. A lock that a killed process left behind is taken away after 10 s.
 *
 * @returns `done` (by any process), `busy` while another process is at it, or the error where it cannot be done
 */
export async function rotateFiles(
  path: string,
  files: number,
  isFull: (size: number) => boolean,
): Promise<"done" | "busy" | Error> {
  const lock = `${path}.lock`;
  const taken = await take(lock);
  if (taken !== "done") return taken;
  try {
    if (!isFull(await sizeOf(path))) return "done";
    if (files === 0) await rm(path, { force: true });
    else {
      for (let number = files - 1; number >= 1; number--) await move(`${path}.${number}`, `${path}.${number + 1}`);
      await move(path, `${path}.1`);
    }
    return "done";
  } catch (error) {
    return error as Error;
  } finally {
    await rm(lock, { force: true });
  }
}

/** None where another process has just set it aside, with no write since. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return 0;
  }
}

async function take(lock: string): Promise<"done" | "busy" | Error> {
  try {
    await writeFile(lock, "", { flag: "wx", mode: 0o600 });
    return "done";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return error as Error;
    return takeAway(lock);
  }
}

/** Where a killed process has left it behind. */
async function takeAway(lock: string): Promise<"busy" | Error> {
  try {
    const status = await stat(lock).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > staleMs) await rm(lock, { force: true });
    return "busy";
  } catch (error) {
    return error as Error;
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
