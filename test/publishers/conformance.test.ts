import { describe, it } from "vitest";
import { diagnosticsChannelPublisher } from "../../src/publishers/diagnostics-channel.ts";
import { testPublisher } from "../../src/testing/test-publisher.ts";
import { openers } from "./openers.ts";

for (const [name, open] of Object.entries(openers)) testPublisher(name, open, { describe, it });

// Stays in the process and hands on the very result: nothing is written.
testPublisher("diagnostics-channel", () => ({ publisher: diagnosticsChannelPublisher() }), { describe, it });
