import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const pieceBytes = 1 << 18;

/**
 * A file that grows. When it is rotated, what the old one has left is read to its end, and then the new one from its beginning; a file that
 * was cut is read from its beginning, too.
 */
export class FollowedFile {
  readonly #path: string;
  #file: number | undefined;
  #inode = -1;
  #at = 0;
  readonly #piece = new Uint8Array(pieceBytes);

  constructor(path: string) {
    this.#path = path;
  }

  /** What was written since the last time, in pieces; nothing while there is no such file. */
  *read(): Generator<Uint8Array> {
    yield* this.#rest();
    const status = statSync(this.#path, { throwIfNoEntry: false });
    if (status === undefined || status.ino === this.#inode) return;
    this.close();
    this.#file = openSync(this.#path, "r");
    this.#inode = fstatSync(this.#file).ino;
    this.#at = 0;
    yield* this.#rest();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#inode = -1;
  }

  *#rest(): Generator<Uint8Array> {
    if (this.#file === undefined) return;
    if (fstatSync(this.#file).size < this.#at) this.#at = 0;
    for (;;) {
      const read = readSync(this.#file, this.#piece, 0, pieceBytes, this.#at);
      if (read === 0) return;
      this.#at += read;
      yield this.#piece.slice(0, read);
    }
  }
}
