import { canDecode, startDecoder, type Decoder } from "./decode.ts";
import type { BodyDigest, RunningDigest } from "./digest.ts";

/** What decoding a body that passes came to: `as-is` where it is no such thing, and is taken as it came. */
export type DecodedDigest =
  | { readonly kind: "decoded"; readonly digest: BodyDigest }
  | { readonly kind: "as-is" }
  | { readonly kind: "unseen"; readonly reason: string };

const freeBytes = 1024 * 1024;
const mostBacklogBytes = 8 * 1024 * 1024;

/** Decodes a body as it passes, whatever was applied to it one after another, and keeps the digest of what comes of that. */
export class DecodingDigest {
  readonly outcome: Promise<DecodedDigest>;
  readonly #ratio: number;
  readonly #digest: RunningDigest;
  readonly #first: Link | undefined;
  #resolve!: (outcome: DecodedDigest) => void;
  #bytes = 0;
  #isOver = false;

  /** @param ratio so many times what came it may grow to, beyond 1 MB */
  constructor(codings: readonly string[], ratio: number, digest: RunningDigest) {
    this.#ratio = ratio;
    this.#digest = digest;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    const unknown = codings.find((coding) => !canDecode(coding));
    if (unknown !== undefined) this.#over({ kind: "unseen", reason: `in ${unknown}, which is not known here` });
    else this.#first = this.#links(codings);
  }

  add(chunk: Uint8Array): void {
    if (this.#isOver || chunk.length === 0) return;
    this.#bytes += chunk.length;
    // Who gets the chunk after us may write to it.
    this.#first!.write(chunk.slice());
    // A decoder that does not keep up holds nobody up.
    if (this.#first!.backlog() > mostBacklogBytes) this.#over({ kind: "unseen", reason: "decodes too slowly" });
  }

  end(): void {
    if (!this.#isOver) this.#first!.end();
  }

  /** Nobody wants it any more. */
  giveUp(): void {
    this.#over({ kind: "unseen", reason: "not needed" });
  }

  #links(codings: readonly string[]): Link {
    let next: Link = {
      write: (chunk) => {
        this.#decoded(chunk);
      },
      end: () => {
        this.#over({ kind: "decoded", digest: this.#digest.end() });
      },
      destroy: () => undefined,
      backlog: () => 0,
    };
    const failed = (): void => {
      this.#over({ kind: "as-is" });
    };
    for (const coding of codings) next = link(coding, next, failed);
    return next;
  }

  #decoded(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#digest.add(chunk);
    const { bytes } = this.#digest;
    if (bytes > freeBytes && bytes > this.#bytes * this.#ratio)
      this.#over({ kind: "unseen", reason: "decoded-too-large" });
  }

  #over(outcome: DecodedDigest): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(outcome);
    this.#first?.destroy();
  }
}

/** One step of decoding, and all that follow. */
interface Link {
  write(chunk: Uint8Array): void;
  end(): void;
  destroy(): void;
  /** Bytes that wait. */
  backlog(): number;
}

function link(coding: string, next: Link, failed: () => void): Link {
  let decoder: Decoder | undefined = undefined;
  const started = (first: number): Decoder => {
    const made = startDecoder(coding, first)!;
    made.on("data", (chunk) => {
      next.write(chunk);
    });
    made.on("end", () => {
      next.end();
    });
    made.on("error", failed);
    return made;
  };
  return {
    write(chunk) {
      decoder ??= started(chunk[0]!);
      decoder.write(chunk);
    },
    end() {
      if (decoder === undefined) next.end();
      else decoder.end();
    },
    destroy() {
      decoder?.destroy();
      next.destroy();
    },
    backlog: () => (decoder?.writableLength ?? 0) + next.backlog(),
  };
}
