import { parseJson } from "./json.ts";
import type { Reading } from "./reading.ts";

/** One event of a stream: its type, where it says one, and its data, read as JSON where it is. */
export interface StreamEvent {
  readonly event?: string;
  readonly data: unknown;
}

/**
 * Reads the events of `text/event-stream`, or the lines of NDJSON. Comments, ids and retry times are left out; the last event counts
 * only where it is whole.
 *
 * @throws {TooMuch}
 */
export function eventsOf(text: string, format: "events" | "lines", reading: Reading): readonly StreamEvent[] {
  if (format === "lines") {
    return reading
      .split(text, "\n")
      .slice(0, -1)
      .filter((line) => line.trim() !== "")
      .map((line) => ({ data: dataOf(line, reading) }));
  }
  const events: StreamEvent[] = [];
  let event: string | undefined;
  let data: string[] = [];
  for (const line of reading.split(text.replace(/^\uFEFF/, ""), /\r\n|\n|\r/)) {
    if (line === "") {
      if (data.length > 0)
        events.push({ ...(event !== undefined && { event }), data: dataOf(data.join("\n"), reading) });
      event = undefined;
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*)(?::\x20?(.*))?$/s.exec(line) ?? [];
    if (field === "event") event = value ?? "";
    else if (field === "data") data.push(value ?? "");
  }
  return events;
}

/** What is no JSON is its text. A text of JSON keeps its quotes, as it is another thing than its letters alone. */
function dataOf(text: string, reading: Reading): unknown {
  const json = parseJson(text, reading);
  if (json === undefined) return text;
  return typeof json.value === "string" ? JSON.stringify(json.value) : json.value;
}
