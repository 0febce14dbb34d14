/** The new service: Fastify over SQLite, with a fault of each kind until it is told to mend them. It tells its parent the port. */
import Fastify from "fastify";
import { openShop } from "./data.ts";

const shop = openShop();
const app = Fastify();

/** `faults`: those that are planted; `mended`: none; `broken`: prices are wrong again. */
let state: "faults" | "mended" | "broken" = "faults";
process.on("message", (next: typeof state) => {
  state = next;
});
const isPlanted = (): boolean => state === "faults";

interface ById {
  Params: { id: string };
}

app.get<ById>("/products/:id", (request, reply) => {
  const [product] = shop.all("SELECT id, name, cents, category FROM products WHERE id = ?", [
    Number(request.params.id),
  ]);
  // Planted: what is not there is answered as an empty 200.
  if (product === undefined)
    return isPlanted() ? reply.send({ error: "no such product" }) : reply.code(404).send({ error: "no such product" });
  // Planted: half cents are rounded up.
  const rounded = state === "mended" ? Math.floor : Math.round;
  return reply.send({
    ...product,
    discounted: rounded((Number(product["cents"]) * 9) / 10) + (state === "broken" ? 1 : 0),
  });
});
app.get<ById>("/customers/:id", (request, reply) => {
  const [{ phone, ...customer }] = shop.all("SELECT id, name, phone FROM customers WHERE id = ?", [
    Number(request.params.id),
  ]) as [Record<string, unknown>];
  // Planted: what is null is left out.
  return reply.send(phone === null && isPlanted() ? customer : { ...customer, phone });
});
app.get<ById>("/orders/:id", (request, reply) => {
  const sql =
    "SELECT o.id, o.quantity, p.name, o.quantity * p.cents AS total FROM orders o JOIN products p ON p.id = o.product WHERE o.id = ?";
  const [order] = shop.all(sql, [Number(request.params.id)]);
  // Planted: a number is a text.
  return reply.send(isPlanted() ? { ...order, total: String(order!["total"]) } : order);
});
app.get<{ Params: { name: string } }>("/categories/:name", (request, reply) => {
  // Planted: answers are kept ten times as long.
  reply.header("cache-control", `public, max-age=${isPlanted() ? 600 : 60}`);
  return reply.send(
    shop.all("SELECT id, name FROM products WHERE category = ? ORDER BY cents, id LIMIT 12", [request.params.name]),
  );
});
app.get("/search", (_request, reply) =>
  // Planted: another order.
  reply.send(shop.all(`SELECT id, category FROM products ORDER BY category, id ${isPlanted() ? "DESC" : ""} LIMIT 8`)),
);
app.get("/export", (_request, reply) => {
  const rows = shop.all("SELECT id, name FROM products LIMIT 5");
  // Planted: another media type.
  reply.type(isPlanted() ? "text/plain; charset=utf-8" : "text/csv; charset=utf-8");
  return reply.send(rows.map(({ id, name }) => `${id},${name}\n`).join(""));
});
app.get<ById>("/invoices/:id", (request, reply) => {
  // Planted: another line of a text.
  reply.type("text/plain; charset=utf-8");
  return reply.send(`Invoice ${request.params.id}\nVAT ${isPlanted() ? 16 : 19} %\nThank you\n`);
});
app.get("/login", (_request, reply) => {
  // Planted: scripts can read the cookie.
  reply.header("set-cookie", `sid=new-${Date.now()}; Path=/${isPlanted() ? "" : "; HttpOnly"}`);
  return reply.send({ welcome: true });
});
app.get("/help", (_request, reply) =>
  // Planted: back to itself.
  reply
    .code(302)
    .header("location", isPlanted() ? "/help" : "/help/start")
    .send({ see: "help" }),
);
app.get<ById>("/statistics/:id", (request, reply) => {
  // Planted: some of them fail.
  if (isPlanted() && Number(request.params.id) % 4 === 0) return reply.code(500).send({ error: "out of memory" });
  return reply.send(
    shop.all("SELECT count(*) AS orders FROM orders WHERE product = ?", [Number(request.params.id)])[0],
  );
});
app.get("/recommendations", async (_request, reply) => {
  // Planted: no answer in time.
  if (isPlanted()) await new Promise((resolve) => setTimeout(resolve, 3_000));
  return reply.send(shop.all("SELECT id FROM products WHERE id % 40 = 0"));
});
app.get("/health", (_request, reply) => reply.send({ up: true, at: new Date(0).toISOString() }));

await app.listen({ port: 0, host: "127.0.0.1" });
const [address] = app.addresses();
process.send!(typeof address === "object" ? address.port : 0);
process.on("disconnect", () => process.exit(0));
