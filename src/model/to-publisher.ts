import { checkOptions } from "./options.ts";
import type { Publisher, PublisherLike } from "./publisher.ts";

/**
 * Makes a publisher of what a user handed in: a publisher as it is, or a function under its own name (`function` when it
 * has none).
 *
 * @throws {SidelaneError} `invalid-option` when it is neither, or has a method that is no function
 */
export function toPublisher(like: PublisherLike, place = "publishers"): Publisher {
  const check = checkOptions(place);
  if (typeof like === "function") return { name: like.name || "function", publish: (result) => like(result) };
  if (typeof like !== "object" || like === null) {
    check.fail("publisher", "a function or an object with `name` and `publish`", like);
  }
  check.text("publisher.name", like.name);
  const methods = like as unknown as Record<string, unknown>;
  check.function("publisher.publish", methods["publish"]);
  for (const method of ["publishBatch", "publishEvent", "onSkip", "onInFlight", "attach", "flush", "close"] as const) {
    if (methods[method] !== undefined) check.function(`publisher.${method}`, methods[method]);
  }
  if (like.kinds !== undefined && !Array.isArray(like.kinds)) {
    check.fail("publisher.kinds", 'an array such as ["mismatch"]', like.kinds);
  }
  return like;
}
