import { Laboratory, memoryPublisher } from "sidelane";

// Two caches that were filled by two programs; a look-up knows both entries before anything is compared.
const oldCache = new Map([["ada", '{"name":"Ada","roles":["admin"]}']]);
const newCache = new Map([["ada", Buffer.from('{"roles":["admin","owner"],"name":"Ada"}')]]);

const seen = memoryPublisher();
const lab = new Laboratory({ publishers: [seen] });
const profiles = lab.comparison<string | undefined, Buffer | undefined>("profiles", {
  // A text and a buffer cannot be compared as they are.
  prepareComparable: (entry) => (entry === undefined ? undefined : (JSON.parse(entry.toString()) as unknown)),
});

function lookUp(user: string): string | undefined {
  const call = profiles.begin({ context: { user } });
  const entry = oldCache.get(user);
  call.control({ kind: "returned", value: entry });
  if (call.compare) call.candidate({ kind: "returned", value: newCache.get(user) });
  return entry;
}

console.log(lookUp("ada"));

await lab.close();
const [{ comparison }] = seen.results[0]!.candidates;
if (comparison.kind === "mismatch") console.log(comparison.differences);
// Prints:
// {"name":"Ada","roles":["admin"]}
// [ { path: '$.roles[1]', kind: 'added', candidate: 'owner' } ]
