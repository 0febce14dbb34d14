export { aResult, type ResultParts } from "./a-result.ts";
export { fixedClock, type FixedClock } from "./fixed-clock.ts";
export { seededRandom } from "./seeded-random.ts";
export { memoryPublisher, type MemoryPublisher, type MemoryPublisherOptions } from "../publishers/memory.ts";
