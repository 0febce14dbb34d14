import { rename, rm, stat, writeFile } from "node:fs/promises";

const staleMs = 10_000;

/**
 * Sets a file aside, `path` to `path.1` and so on, the last of them deleted. Of several processes only one does it: it holds
 * `path.lock`, and asks again whether the file is still too big. Who does not get the lock goes on writing, and a lock that
 * somebody was killed with is taken away after 10 s.
 */
export async function rotateFiles(path: string, files: number, isFull: (size: number) => boolean): Promise<void> {
  const lock = `${path}.lock`;
  if (!(await take(lock))) return;
  try {
    if (!isFull(await sizeOf(path))) return;
    if (files === 0) await rm(path, { force: true });
    else {
      for (let number = files - 1; number >= 1; number--) await move(`${path}.${number}`, `${path}.${number + 1}`);
      await move(path, `${path}.1`);
    }
  } finally {
    await rm(lock, { force: true });
  }
}

/** None where somebody has just set it aside, and nobody has written since. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return 0;
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, "", { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const status = await stat(lock).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > staleMs) await rm(lock, { force: true });
    return false;
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
