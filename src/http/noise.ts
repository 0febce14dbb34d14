import type { Outcome } from "../model/observation.ts";
import type { Exchange } from "./exchange/exchange.ts";
import type { Incoming } from "./exchange/lane.ts";
import type { ReportedResponse } from "./exchange/reported-response.ts";
import type { Surroundings } from "./exchange/run-exchange.ts";
import { stopOf } from "../model/stop.ts";
import { asked } from "./exchange/side-call.ts";
import { loopHeader } from "./loop-mark.ts";
import type { CompiledSide } from "./sides/side.ts";

/**
 * Asks control, or its second instance, for the same once more, and reads the answer to its end. Where that fails as neither side did the first
 * time, nothing is learnt: a second instance that is down does not differ from control, and makes no noise of what the candidate does. Never
 * rejects.
 */
export async function controlAgain(
  { mark, clock, bodyLimits }: Surroundings,
  side: CompiledSide,
  { outgoing, isHead, context }: Incoming,
  exchange: Exchange | undefined,
  timeoutMs: number,
): Promise<Outcome<ReportedResponse>> {
  const controller = new AbortController();
  const startedAt = clock.monotonic();
  const cancel = clock.after(Math.min(timeoutMs, 60_000), () => {
    controller.abort(new DOMException("No answer", "TimeoutError"));
  });
  try {
    const headers = new Headers(outgoing.headers);
    headers.set(loopHeader, await mark.current());
    const request = { ...outgoing, headers, original: undefined };
    const send = (): Promise<Response> => side.send(request, controller.signal, context);
    const answer = await asked(send, side.decodes, isHead, clock);
    return await new Promise<Outcome<ReportedResponse>>((resolve) => {
      const nothing = (): void => {
        resolve({ kind: "timed-out", afterMs: clock.monotonic() - startedAt });
      };
      if (answer.status >= 500 && exchange?.hasServerError !== true) {
        answer.discard();
        nothing();
        return;
      }
      answer.drain(
        bodyLimits,
        {
          ended: (captured) => {
            const other = exchange?.controlSide;
            const looked = exchange?.lookAtControl(captured);
            if (looked === undefined) nothing();
            else resolve({ kind: "returned", value: { side: looked, ...(other && { other }) } });
          },
          broke: nothing,
          cancelled: nothing,
        },
        stopOf(controller.signal),
        () => Infinity,
      );
    });
  } catch {
    return { kind: "timed-out", afterMs: clock.monotonic() - startedAt };
  } finally {
    cancel();
  }
}
