/** The old service: Express over SQLite. `node old-shop.ts`: tells its parent the port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { openShop } from "./data.ts";

const shop = openShop();
const app = express();

app.get("/products/:id", (request, response) => {
  const [product] = shop.all("SELECT id, name, cents, category FROM products WHERE id = ?", [
    Number(request.params.id),
  ]);
  if (product === undefined) response.status(404).json({ error: "no such product" });
  else response.json({ ...product, discounted: Math.floor((Number(product["cents"]) * 9) / 10) });
});
app.get("/customers/:id", (request, response) => {
  response.json(shop.all("SELECT id, name, phone FROM customers WHERE id = ?", [Number(request.params.id)])[0]);
});
app.get("/orders/:id", (request, response) => {
  const sql =
    "SELECT o.id, o.quantity, p.name, o.quantity * p.cents AS total FROM orders o JOIN products p ON p.id = o.product WHERE o.id = ?";
  response.json(shop.all(sql, [Number(request.params.id)])[0]);
});
app.get("/categories/:name", (request, response) => {
  response.set("cache-control", "public, max-age=60");
  response.json(
    shop.all("SELECT id, name FROM products WHERE category = ? ORDER BY cents, id LIMIT 12", [request.params.name]),
  );
});
app.get("/search", (_request, response) => {
  response.json(shop.all("SELECT id, category FROM products ORDER BY category, id LIMIT 8"));
});
app.get("/export", (_request, response) => {
  const rows = shop.all("SELECT id, name FROM products LIMIT 5");
  response.type("text/csv").send(rows.map(({ id, name }) => `${id},${name}\n`).join(""));
});
app.get("/invoices/:id", (request, response) => {
  response.type("text/plain").send(`Invoice ${request.params.id}\nVAT 19 %\nThank you\n`);
});
app.get("/login", (_request, response) => {
  response.cookie("sid", `old-${Date.now()}`, { httpOnly: true }).json({ welcome: true });
});
app.get("/help", (_request, response) => {
  response.status(302).set("location", "/help/start").json({ see: "help" });
});
app.get("/statistics/:id", (request, response) => {
  response.json(shop.all("SELECT count(*) AS orders FROM orders WHERE product = ?", [Number(request.params.id)])[0]);
});
app.get("/recommendations", (_request, response) => {
  response.json(shop.all("SELECT id FROM products WHERE id % 40 = 0"));
});
app.get("/health", (_request, response) => {
  response.json({ up: true, at: new Date().toISOString() });
});

const server = createServer(app).listen(0, "127.0.0.1", () => {
  process.send!((server.address() as AddressInfo).port);
});
process.on("disconnect", () => process.exit(0));
