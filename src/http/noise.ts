import type { Outcome } from "../model/observation.ts";
import type { Exchange } from "./exchange/exchange.ts";
import type { Incoming } from "./exchange/lane.ts";
import type { ReportedResponse } from "./exchange/reported-response.ts";
import type { Surroundings } from "./exchange/run-exchange.ts";
import { stopOf } from "../model/stop.ts";
import { asked } from "./exchange/side-call.ts";
import { failureOf } from "./http-error.ts";
import { loopHeader } from "./loop-mark.ts";
import type { CompiledSide } from "./sides/side.ts";

/** Asks control, or its second instance, for the same once more, and reads the answer to its end. Never rejects. */
export async function controlAgain(
  { mark, clock, bodyLimits }: Surroundings,
  side: CompiledSide,
  { outgoing, isHead, context }: Incoming,
  exchange: Exchange | undefined,
  timeoutMs: number,
): Promise<Outcome<ReportedResponse>> {
  const controller = new AbortController();
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
      const threw = (error: unknown): void => {
        resolve({ kind: "threw", error: failureOf(error, answer.status) });
      };
      answer.drain(
        bodyLimits,
        {
          ended: (captured) => {
            const other = exchange?.controlSide;
            const looked = exchange?.lookAtControl(captured);
            if (looked === undefined) threw(new TypeError("Nothing to compare it with"));
            else resolve({ kind: "returned", value: { side: looked, ...(other && { other }) } });
          },
          broke: threw,
          cancelled: () => {
            threw(controller.signal.reason);
          },
        },
        stopOf(controller.signal),
        () => Infinity,
      );
    });
  } catch (error) {
    return { kind: "threw", error: failureOf(error) };
  } finally {
    cancel();
  }
}
