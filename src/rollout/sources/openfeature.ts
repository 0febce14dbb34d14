import type { Cancel } from "../../model/clock.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import {
  aNumber,
  anObject,
  compiled,
  orElse,
  settle,
  withMethods,
  type OptionTable,
} from "../../model/option-table.ts";
import type { RolloutHost, RolloutSnapshot } from "../../model/rollout.ts";
import { snapshotFrom, type RolloutSetting } from "../snapshot.ts";
import type { RolloutSource } from "./source.ts";

/** What is needed of an OpenFeature client; `OpenFeature.getClient()` of `@openfeature/server-sdk` has it. */
export interface FlagClient {
  getObjectDetails(
    flagKey: string,
    defaultValue: Record<string, never>,
    context?: Record<string, string>,
  ): PromiseLike<{
    readonly value: unknown;
    /** `DISABLED` where the flag is switched off. */
    readonly reason?: string;
    readonly errorCode?: string;
    readonly errorMessage?: string;
  }>;
  addHandler(event: string, handler: () => void): void;
  removeHandler(event: string, handler: () => void): void;
}

/** Settings of {@link fromOpenFeature}. */
export interface OpenFeatureOptions {
  /** Evaluated with every look at the flag. */
  readonly context?: Readonly<Record<string, string>>;
  /** How often the flag is looked at beside the provider's events, in milliseconds; 30 seconds by default. */
  readonly pollEveryMs?: number;
  /** What holds until the flag was read for the first time, and while it is disabled; `shadow` by default. */
  readonly otherwise?: RolloutSetting;
}

const events = ["PROVIDER_READY", "PROVIDER_CONFIGURATION_CHANGED"];

const aFlagClient = withMethods("an OpenFeature client", "getObjectDetails", "addHandler", "removeHandler");

export const openFeatureTable: OptionTable<OpenFeatureOptions, "pollEveryMs" | "otherwise"> = {
  context: anObject,
  pollEveryMs: orElse(aNumber({ min: 100, max: 2 ** 31 - 1 }), 30_000),
  otherwise: orElse(compiled("a stage or shares"), "shadow"),
};

/**
 * What an object flag allows: `{ "stage": "shadow" }` (or `off`, `live`, `complete`), or `{ "serve": 0.1, "compare": 1 }`.
 *
 * The flag is read when the experiment is defined, when the provider says that something changed, and now and then; calls
 * read only what was read last. A disabled flag is `otherwise`. While the provider fails, or the flag holds something else, the last known good holds and
 * the fault is counted.
 *
 * @see https://openfeature.dev/specification/sections/flag-evaluation
 * @throws {SidelaneError} `invalid-option` when the client or an option is wrong
 */
export function fromOpenFeature(client: FlagClient, flagKey: string, options: OpenFeatureOptions = {}): RolloutSource {
  const check: OptionCheck = checkOptions("fromOpenFeature");
  aFlagClient.check(check, "client", client);
  check.text("flagKey", flagKey);
  const { context, pollEveryMs, otherwise } = settle(check, openFeatureTable, options);

  const listeners = new Set<() => void>();
  const fallback = snapshotFrom(otherwise, "fromOpenFeature");
  let snapshot = fallback;
  let latest = 0;

  async function read(host: Pick<RolloutHost, "onFault">): Promise<void> {
    const turn = ++latest;
    try {
      const { value, reason, errorCode, errorMessage } = await client.getObjectDetails(
        flagKey,
        {},
        context && { ...context },
      );
      // A slow answer must not overwrite the one to a later question.
      if (turn !== latest) return;
      if (errorCode !== undefined || reason === "ERROR")
        throw new Error(`Flag ${flagKey}: ${errorCode ?? reason} ${errorMessage ?? ""}`.trim());
      take(reason === "DISABLED" ? fallback : settingOf(value));
    } catch (error) {
      host.onFault("source", error);
    }
  }

  function settingOf(value: unknown): RolloutSnapshot {
    const place = `flag ${JSON.stringify(flagKey)}`;
    if (typeof value !== "object" || value === null || !("stage" in value)) return snapshotFrom(value, place);
    // Beside a stage, a share says the same thing twice, or another.
    checkOptions(place, "invalid-definition").known(value, ["stage"]);
    return snapshotFrom(value.stage, place);
  }

  function take(next: RolloutSnapshot): void {
    const same = next.stage === snapshot.stage && next.share === snapshot.share && next.compare === snapshot.compare;
    if (same) return;
    snapshot = next;
    for (const listener of listeners) listener();
  }

  return {
    current: () => snapshot,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    start(host) {
      const look = (): void => void read(host);
      let cancel: Cancel = () => undefined;
      const poll = (): void => {
        cancel = host.clock.after(pollEveryMs, () => {
          look();
          poll();
        });
      };
      for (const event of events) client.addHandler(event, look);
      look();
      poll();
      return () => {
        cancel();
        for (const event of events) client.removeHandler(event, look);
      };
    },
  };
}
