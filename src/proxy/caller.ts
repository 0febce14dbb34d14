import { StopListeners, type Stop } from "../model/stop.ts";

/** A caller, who may go away. Most are asked for no signal, which would be a tenth of what a request costs here. */
export class Caller extends StopListeners implements Stop {
  aborted = false;
  reason: unknown = undefined;
  #controller: AbortController | undefined = undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  /** The caller is gone. */
  goAway(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = new DOMException("The caller went away", "AbortError");
    this.#controller?.abort(this.reason);
    this.tell();
  }
}
