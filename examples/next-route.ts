import { Laboratory } from "sidelane";

// lib/lab.ts. One laboratory for the process, though modules are loaded again while one develops.
const shared = globalThis as typeof globalThis & { lab?: Laboratory };
const lab = (shared.lab ??= new Laboratory({
  publishers: [({ experiment, kind }) => console.log("published:", experiment, kind)],
}));

const price = lab.experiment("price", {
  control: async (sku: string) => ({ sku, cents: 450 }),
  candidate: async (sku) => ({ cents: 450, sku }),
  replace: true, // when this module is loaded again
});

/** `import { after } from "next/server"`: runs when the response is sent, and keeps a serverless function alive until then. */
function after(work: () => Promise<unknown>): void {
  setImmediate(() => void work());
}

// app/api/price/route.ts
export async function GET(request: Request): Promise<Response> {
  const sku = new URL(request.url).searchParams.get("sku") ?? "";
  const answer = await price(sku);
  after(() => lab.flush({ timeoutMs: 5_000 }));
  return Response.json(answer);
}

const response = await GET(new Request("https://example.com/api/price?sku=tea"));
console.log(response.status, await response.json());
await lab.close();
// Prints:
// 200 { sku: 'tea', cents: 450 }
// published: price match
