export { all } from "./all.ts";
export { batch, type BatchOptions } from "./batch.ts";
export { only } from "./only.ts";
export { redact } from "./redact.ts";
export { sample } from "./sample.ts";
export { throttle, type ThrottledPublisher, type ThrottleOptions } from "./throttle.ts";
export type { RedactOptions } from "../../records/redaction.ts";
