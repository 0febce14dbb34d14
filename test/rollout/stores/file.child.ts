// Run by store.test.ts in processes of its own.
import { fileStore } from "../../../src/rollout/stores/file.ts";
import { contendFor } from "../../../src/testing/store-questions.ts";

const [folder = "", times = "", name = ""] = process.argv.slice(2);
console.log(JSON.stringify(await contendFor(fileStore(folder), name, Number(times))));
