// Run by stores.test.ts in processes of its own.
import pg from "pg";
import { createClient } from "redis";
import { postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore } from "../../src/rollout/stores/redis.ts";
import { contendFor } from "../../src/testing/store-questions.ts";

const [kind = "", port = "", place = "", times = "", name = ""] = process.argv.slice(2);
if (kind === "redis") {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  console.log(JSON.stringify(await contendFor(redisStore({ client, prefix: place }), name, Number(times))));
  client.destroy();
} else {
  const pool = new pg.Pool({ host: "127.0.0.1", port: Number(port), user: "sidelane", database: "postgres", max: 2 });
  const store = postgresqlStore({ query: async (text, values) => pool.query(text, values), schema: place });
  console.log(JSON.stringify(await contendFor(store, name, Number(times))));
  await pool.end();
}
