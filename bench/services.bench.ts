// What does a service answer later, or less often, behind a parallel handler than behind one that only forwards by the same `fetch`?
// Run with `npm run bench:services`, or with the rows that are wanted: `npm run bench:services -- shadow`.
import { Laboratory } from "../src/index.ts";
import { parallelHandler, toNodeListener, type HandlerOptions } from "../src/http/index.ts";
import { answering, endless, hanging, listening, measureWays, type Role } from "./http-ways.ts";

function parallel(candidate: string, options: Partial<HandlerOptions> = {}): Role {
  return (targets) => {
    const handler = parallelHandler({
      ...{ name: "bench", laboratory: new Laboratory(), silence: false },
      ...{ control: targets["answers"]!, candidate: targets[candidate] ?? candidate },
      ...options,
    });
    return listening(toNodeListener(handler));
  };
}

const forwards: Role = ({ answers }) =>
  listening(
    toNodeListener(async (request: Request): Promise<Response> => {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      for (const each of ["host", "connection"]) headers.delete(each);
      const answer = await fetch(`${answers}${pathname}${search}`, {
        ...{ method: request.method, headers, body: request.body, redirect: "manual", signal: request.signal },
      });
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    }),
  );

await measureWays({
  services: { answers: answering, hangs: hanging, endless },
  ways: {
    "forwards alone": forwards,
    "comparison off": parallel("answers", { sample: 0 }),
    "shadow, everything compared": parallel("answers"),
    "a dead candidate": parallel("http://127.0.0.1:1"),
    "a hung candidate": parallel("hangs", { limits: { timeoutMs: 300 } }),
    "an endless candidate": parallel("endless", { limits: { timeoutMs: 300 } }),
  },
});
