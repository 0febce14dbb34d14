import { setTimeout as wait } from "node:timers/promises";
import { Laboratory } from "sidelane";

// Made once for an instance, outside of the handler: it serves many requests.
const lab = new Laboratory({
  publishers: [({ experiment, kind }) => console.log("published:", experiment, kind)],
});

const quote = lab.experiment("quote", {
  control: async (grams: number) => ({ cents: grams <= 500 ? 390 : 590 }),
  candidate: async (grams) => {
    await wait(20);
    return { cents: grams < 500 ? 390 : 590 };
  },
  limits: { timeoutMs: 500 },
});

/**
 * The instance is frozen when the handler has answered, and what was not published by then waits for the next request, or is lost. So the
 * handler waits for it, and callers with it: for as long as `limits.timeoutMs` says, and `flush` half a second. `sample` bounds how many do.
 */
export async function handler(event: { readonly grams: number }): Promise<{ statusCode: number; body: string }> {
  const answer = await quote(event.grams);
  await lab.settled();
  await lab.flush({ timeoutMs: 500 });
  return { statusCode: 200, body: JSON.stringify(answer) };
}

console.log(await handler({ grams: 200 }));
console.log(await handler({ grams: 500 }));
// Prints:
// published: quote match
// { statusCode: 200, body: '{"cents":390}' }
// published: quote mismatch
// { statusCode: 200, body: '{"cents":390}' }
