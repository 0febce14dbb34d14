import { once } from "node:events";
import express from "express";
import { Laboratory } from "sidelane";

const told: unknown[] = [];
const lab = new Laboratory({ publishers: [({ kind, context }) => void told.push({ kind, ...context })] });

// What is computed is compared, not the handler: two handlers would answer twice.
const findProduct = lab.experiment("product", {
  control: async (sku: string) => (sku === "tea" ? { sku, cents: 450 } : undefined),
  candidate: async (sku) => (sku === "tea" ? { sku, cents: 45 } : undefined),
  context: (sku) => ({ sku }),
});

const app = express();
app.get("/products/:sku", async (request, response) => {
  const product = await findProduct(request.params.sku);
  if (product === undefined) response.status(404).json({ error: "no such product" });
  else response.json(product);
});

const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as { port: number };
for (const sku of ["tea", "milk"]) {
  const response = await fetch(`http://127.0.0.1:${port}/products/${sku}`);
  console.log(response.status, await response.json());
}

// At the end of the process: first no more requests, then what is left of comparisons.
server.close();
server.closeAllConnections();
await lab.close();
console.log(told);
// Prints:
// 200 { sku: 'tea', cents: 450 }
// 404 { error: 'no such product' }
// [ { kind: 'mismatch', sku: 'tea' }, { kind: 'match', sku: 'milk' } ]
