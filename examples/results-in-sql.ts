import { Laboratory } from "sidelane";
import { migrations, sqlPublisher } from "sidelane/publishers/sql";
import initSqlite from "sql.js";

// SQLite compiled to WebAssembly. With PostgreSQL: execute: (sql, parameters) => pool.query(sql, parameters)
const { Database } = await initSqlite();
const db = new Database();
for (const { statements } of migrations("sqlite")) for (const statement of statements) db.run(statement);

const lab = new Laboratory({
  publishers: [sqlPublisher({ dialect: "sqlite", execute: (sql, parameters) => db.run(sql, parameters) })],
});

const initials = lab.experiment("initials", {
  control: (name: string) => name.split(" ").map((word) => word.charAt(0)),
  candidate: (name: string) => name.match(/[A-Z]/g) ?? [],
});

for (const name of ["Ada Lovelace", "Grace Hopper", "Ludwig van Beethoven", "Simon van der Meer"]) initials(name);
await lab.close();

const [tallies] = db.exec("SELECT kind, results FROM sidelane_tallies ORDER BY kind");
console.log(tallies!.values);
const [groups] = db.exec(`
  SELECT g.mismatches, json_extract(r.detail, '$.candidate.comparison.differences[0].path')
  FROM sidelane_groups g JOIN sidelane_results r ON r.result_id = g.example_id
  ORDER BY g.first_at_ms, g.example_id`);
console.log(groups!.values);
// Prints:
// [ [ 'match', 2 ], [ 'mismatch', 2 ] ]
// [ [ 2, '$[1]' ] ]
