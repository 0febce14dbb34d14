import sqlite, { type Database } from "node-sqlite3-wasm";

/** Rows as a database returns them. */
export type Row = Readonly<Record<string, string | number | null>>;

const words = ["lamp", "chair", "table", "shelf", "mirror", "clock", "vase", "rug"];

/** A shop's database, with the same rows in each service: 240 products, 60 customers, 300 orders. */
export function openShop(): { all(sql: string, values?: readonly (string | number)[]): Row[] } {
  const database: Database = new sqlite.Database();
  database.exec("CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER, category TEXT)");
  database.exec("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, phone TEXT)");
  database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, product INTEGER, quantity INTEGER)");
  for (let id = 1; id <= 240; id++) {
    const name = `${words[id % words.length]!} ${id}`;
    // No price is on half a cent, but that of every sixth product with its discount.
    database.run("INSERT INTO products VALUES (?, ?, ?, ?)", [
      id,
      name,
      1_000 + id * 10 + (id % 6 === 0 ? 5 : 0),
      words[id % 4]!,
    ]);
  }
  for (let id = 1; id <= 60; id++) {
    database.run("INSERT INTO customers VALUES (?, ?, ?)", [
      id,
      `Customer ${id}`,
      id % 5 === 0 ? null : `+49 30 ${id}`,
    ]);
  }
  for (let id = 1; id <= 300; id++) {
    database.run("INSERT INTO orders VALUES (?, ?, ?, ?)", [id, 1 + (id % 60), 1 + (id % 240), 1 + (id % 3)]);
  }
  return { all: (sql, values = []) => database.all(sql, [...values]) as unknown as Row[] };
}
