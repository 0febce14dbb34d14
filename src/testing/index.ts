export { aResult, type ResultParts } from "./a-result.ts";
export { fixedClock, type FixedClock } from "./fixed-clock.ts";
export { hostileValues } from "./hostile-values.ts";
export { plantedResults, plantedSecrets, secretsIn } from "./secrets.ts";
export { seededRandom } from "./seeded-random.ts";
export { testOutbox, type OpenedOutbox, type OpenOutbox } from "./test-outbox.ts";
export { testPublisher, type OpenedPublisher, type OpenPublisher, type TestRunner } from "./test-publisher.ts";
export { toMatchControl, type ControlMatchers, type MatcherAnswer } from "./to-match-control.ts";
export { memoryPublisher, type MemoryPublisher, type MemoryPublisherOptions } from "../publishers/memory.ts";
