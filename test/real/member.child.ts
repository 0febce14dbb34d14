// Run by fleet.test.ts in a process of its own, which is stopped there: tells when the candidate answered.
import { member, until, type Target } from "./member.ts";

const [kind = "", port = "", experiment = "", staleAfterMs = ""] = process.argv.slice(2);
const one = await member({ kind: kind as Target["kind"], port: Number(port) }, experiment, {
  checkEveryMs: 200,
  staleAfterMs: Number(staleAfterMs),
});
await until(one.serves, 10_000, "the candidate serves");
process.send!({ ready: true });
let calls = 0;
setInterval(() => {
  const at = Date.now();
  calls++;
  if (one.serves()) process.send!({ servedAt: at });
  else if (calls % 20 === 0) process.send!({ controlAt: at });
}, 5);
