import { builtinModule } from "../model/runtime.ts";
import { checkOptions } from "../model/check-options.ts";
import { aText, orElse, settle, type OptionTable } from "../model/option-table.ts";
import { SidelaneError } from "../model/errors.ts";
import type { Publisher } from "../model/publisher.ts";

/** What `diagnosticsChannelPublisher` takes; every option has a default. */
export interface DiagnosticsChannelPublisherOptions {
  /** What the channels' names start with, before a colon; `sidelane` by default. */
  readonly prefix?: string;
}

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** The options of `diagnosticsChannelPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const diagnosticsChannelTable: OptionTable<DiagnosticsChannelPublisherOptions, "prefix"> = {
  prefix: orElse(aText, "sidelane"),
};

/**
 * Hands every result to the subscribers of `node:diagnostics_channel`, as monitoring agents use it: the message on
 * `sidelane:result` is the frozen result itself, that on `sidelane:event` what happened to a rollout, and on
 * `sidelane:skip` `{ experiment, reason }`.
 *
 * Nothing leaves the process and nothing is copied, so subscribers see values. Without a subscriber it costs reading one
 * field. Skips are told on the caller's path. Node reports what a subscriber throws as an uncaught exception of the
 * process: that is the channel's own rule for every library that uses it.
 *
 * @throws {SidelaneError} `invalid-option`, also where the runtime has no `node:diagnostics_channel`
 * @see https://nodejs.org/api/diagnostics_channel.html
 * @example diagnosticsChannelPublisher()
 */
export function diagnosticsChannelPublisher(options: DiagnosticsChannelPublisherOptions = {}): Publisher {
  const { prefix } = settle(checkOptions("diagnosticsChannelPublisher"), diagnosticsChannelTable, options);
  const open = channels();
  const results = open(`${prefix}:result`);
  const events = open(`${prefix}:event`);
  const skips = open(`${prefix}:skip`);
  return {
    name: "diagnostics-channel",
    publish(result) {
      if (results.hasSubscribers) results.publish(result);
    },
    publishEvent(event) {
      if (events.hasSubscribers) events.publish(event);
    },
    onSkip(experiment, reason) {
      if (skips.hasSubscribers) skips.publish({ experiment, reason });
    },
  };
}

function channels(): (name: string) => Channel {
  const found = builtinModule("node:diagnostics_channel") as { channel(name: string): Channel } | undefined;
  if (found === undefined) {
    throw new SidelaneError(
      "invalid-option",
      "diagnosticsChannelPublisher: this runtime has no `node:diagnostics_channel`; it takes Node 20.16, Bun or Deno",
    );
  }
  return (name) => found.channel(name);
}
