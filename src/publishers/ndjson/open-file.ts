import { close, fstat, open, read, write, type Stats } from "node:fs";
import { promisify } from "node:util";

const calls = {
  close: promisify(close),
  fstat: promisify(fstat),
  open: promisify(open),
  read: promisify(read),
  write: promisify(write),
};

const forgotten = new FinalizationRegistry<number>((descriptor) => close(descriptor, () => undefined));

/**
 * A file that may be forgotten: where nobody has closed it, it is closed when it is collected. A `FileHandle` of Node's own
 * is an uncaught error then, from Node 25 on.
 */
export class OpenFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
    forgotten.register(this, descriptor, this);
  }

  static async open(path: string, flags: string, mode: number): Promise<OpenFile> {
    return new OpenFile(await calls.open(path, flags, mode));
  }

  stat(): Promise<Stats> {
    return calls.fstat(this.#descriptor);
  }

  async readByte(position: number): Promise<number | undefined> {
    const { buffer } = await calls.read(this.#descriptor, Buffer.alloc(1), 0, 1, position);
    return buffer[0];
  }

  /** @returns how many bytes were written: a full disk takes less than all */
  async write(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await calls.write(this.#descriptor, bytes, 0, bytes.length, null);
    return bytesWritten;
  }

  close(): Promise<void> {
    forgotten.unregister(this);
    return calls.close(this.#descriptor);
  }
}
