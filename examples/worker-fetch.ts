import { Laboratory } from "sidelane";

/** What the runtime hands to a handler: Cloudflare Workers, Vercel and others keep a request's work alive by it. */
interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
}

const lab = new Laboratory({
  publishers: [({ experiment, kind }) => console.log("published:", experiment, kind)],
  trackRuns: false, // where there is no AsyncLocalStorage; `nodejs_compat` has it
});

const greeting = lab.experiment("greeting", {
  control: async (name: string) => `Hello, ${name}!`,
  candidate: async (name) => `Hello, ${name.trim()}!`,
});

const worker = {
  async fetch(request: Request, _environment: unknown, context: ExecutionContext): Promise<Response> {
    const name = new URL(request.url).searchParams.get("name") ?? "you";
    const answer = await greeting(name);
    // The caller is answered at once; the runtime lets comparing and publishing end.
    context.waitUntil(lab.settled().then(() => lab.flush({ timeoutMs: 5_000 })));
    return new Response(answer);
  },
};
export default worker;

// What the runtime does:
const work: Promise<unknown>[] = [];
const context: ExecutionContext = { waitUntil: (each) => void work.push(each) };
const response = await worker.fetch(new Request("https://example.com/?name=Ada%20"), {}, context);
console.log(response.status, JSON.stringify(await response.text()));
await Promise.all(work);
// Prints:
// 200 "Hello, Ada !"
// published: greeting mismatch
