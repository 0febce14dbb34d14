import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { systemClock, type Clock } from "../model/clock.ts";
import { SidelaneError } from "../model/errors.ts";
import { visible } from "../model/visible-text.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import { Edition, type Pace } from "./edition.ts";
import { policyOf } from "./html.ts";
import { hashOf, isRamp, LiveModel } from "./live-model.ts";
import { stageCommands, stageForm } from "./stage-forms.ts";
import { summary, type SummarySource } from "./summary.ts";
import { Tokens } from "./tokens.ts";
import { Viewers } from "./viewers.ts";

/** Settings of {@link dashboard}: of a running laboratory, or of records. */
export interface DashboardOptions {
  /** Whose experiments are shown, as they stand. This or `records`. */
  readonly laboratory?: Pick<Laboratory, "status" | "rollout">;
  /** What is shown, read anew where it is a path: as often as that costs at most a twentieth of the time. */
  readonly records?: SummarySource;
  /**
   * Who may change stages: returns their name for a request, or `undefined`. Without it, and for everybody else, the page only shows.
   * It is asked for pages too; who may see them is decided before this handler. Needs a `laboratory`, and a ramp.
   */
  readonly authorize?: (
    request: Request,
  ) => { readonly by: string } | undefined | PromiseLike<{ readonly by: string } | undefined>;
  /** The system's by default. */
  readonly clock?: Clock;
}

const mostCommandsPerMinute = 30;
const mostBody = 10_000;

/**
 * The page of a report, live, as a web-standard handler: mount it anywhere, under any path, behind whatever decides who may see it. It answers GET
 * alone, but where `authorize` names who asks: then a POST of the page's own form changes a stage. It shows what a publisher with hidden
 * values shows, and follows by EventSource for up to 50 viewers; others poll.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example createServer(toNodeListener(dashboard({ laboratory }))).listen(8080)
 */
export function dashboard(options: DashboardOptions): (request: Request) => Promise<Response> {
  const check: OptionCheck = checkOptions("dashboard");
  const given: unknown = options;
  check.object("options", given);
  check.known(options, ["laboratory", "records", "authorize", "clock"]);
  const { laboratory, records, authorize, clock = systemClock } = options;
  if ((laboratory === undefined) === (records === undefined))
    check.fail("laboratory", "given, or `records`, and not both", laboratory);
  if (authorize !== undefined) {
    check.function("authorize", authorize);
    if (laboratory === undefined) check.fail("authorize", "left out where there is no `laboratory`", authorize);
  }
  const source = laboratory ? ofLaboratory(laboratory, clock) : ofRecords(records!, clock);
  const tokens = new Tokens(clock);
  const viewers = new Viewers(() => source.edition(), clock);
  let commands: number[] = [];

  async function page(request: Request): Promise<Response> {
    const edition = await source.edition();
    const who = await authorize?.(request);
    const by = nameOf(who);
    const token = by === undefined ? "" : tokens.make(by);
    const formsOf = (experiment: string): string =>
      isRamp(laboratory?.rollout(experiment)) ? stageForm(experiment, by!, token) : "";
    const html = edition.page(by === undefined ? undefined : formsOf);
    const policy = await policyOf([
      "connect-src 'self'",
      `form-action ${by === undefined ? "'none'" : "'self'"}`,
      "frame-ancestors 'none'",
    ]);
    return answer(200, html, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
  }

  async function command(request: Request): Promise<Response> {
    if (authorize === undefined) return refusal(405, "This page only shows.", { allow: "GET, HEAD" });
    // Before anything of it is read: a browser sets it, and no script can.
    if (request.headers.get("sec-fetch-site") !== "same-origin")
      return refusal(403, "It has to be sent by the page itself.");
    const by = nameOf(await authorize(request));
    if (by === undefined) return refusal(403, "You may look, and change nothing.");
    const form = await formOf(request);
    if (form === undefined) return refusal(400, "It is no form of this page.");
    if (!tokens.take(form.get("token") ?? "", by)) return refusal(403, "The page is too old: load it again.");
    const now = clock.now();
    commands = commands.filter((at) => now - at < 60_000);
    if (commands.length >= mostCommandsPerMinute)
      return refusal(429, "Too many changes in a minute.", { "retry-after": "60" });
    commands.push(now);
    const [name, experiment] = [form.get("command") ?? "", form.get("experiment") ?? ""];
    const reason = (form.get("reason") ?? "").trim().slice(0, 500);
    const asked = Object.hasOwn(stageCommands, name) ? stageCommands[name] : undefined;
    const ramp = laboratory!.rollout(experiment);
    if (asked === undefined) return refusal(400, "There is no such command.");
    if (!isRamp(ramp)) return refusal(404, "There is no rollout of that name that people steer.");
    if (reason === "") return refusal(400, "Say why: the history keeps it.");
    try {
      await asked(ramp, { by, reason });
      source.renew();
    } catch (error) {
      if (!(error instanceof SidelaneError)) return refusal(500, "The rollout failed.");
      return refusal(error.code === "invalid-state" ? 409 : 400, error.message);
    }
    return answer(303, "", { location: new URL(request.url).pathname });
  }

  return async (request) => {
    if (request.method === "POST") return command(request);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refusal(405, "This page is read.", { allow: authorize ? "GET, HEAD, POST" : "GET, HEAD" });
    }
    const shown = new URL(request.url).searchParams.get("show");
    if (shown === "live")
      return request.method === "HEAD" ? answer(200, "", eventStream) : viewers.open(request.signal);
    let response: Response;
    if (shown === "model") {
      response = answer(200, JSON.stringify((await source.edition()).model), { "content-type": "application/json" });
    } else if (shown === "epoch") response = answer(200, (await source.edition()).epoch, plain);
    else response = await page(request);
    return request.method === "HEAD" ? new Response(null, response) : response;
  };
}

/** Where a page's numbers come from. */
interface Source {
  edition(): Edition | Promise<Edition>;
  /** From here on what is shown is newer than a change that a person made. */
  renew(): void;
}

// Of a laboratory: what looking costs is half a hundredth of the time, until it takes a third of a second.
function ofLaboratory(laboratory: Pick<Laboratory, "status" | "rollout">, clock: Clock): Source {
  const live = new LiveModel(laboratory, clock);
  const pace: Pace = { clock, times: 200, mostMs: 60_000 };
  let latest: Edition | undefined;
  return {
    edition() {
      if (latest?.isFresh === true) return latest;
      const startedAt = clock.monotonic();
      const { epoch, model } = live.look();
      const costMs = clock.monotonic() - startedAt;
      if (latest?.epoch === epoch) latest.stays(costMs);
      else latest = new Edition(epoch, model, pace, costMs);
      return latest;
    },
    renew: () => (latest = undefined),
  };
}

function ofRecords(records: SummarySource, clock: Clock): Source {
  const pace: Pace = { clock, times: 20, mostMs: Infinity };
  let latest: Edition | undefined;
  let reading: Promise<Edition> | undefined;
  const sources = Array.isArray(records) ? (records as readonly unknown[]) : [records];
  // A text in pieces can be read once.
  const canReread = sources.every((each) => typeof each === "string");

  async function begin(): Promise<Edition> {
    const startedAt = clock.monotonic();
    const model = await summary(records);
    const costMs = clock.monotonic() - startedAt;
    const epoch = hashOf(JSON.stringify(model));
    if (latest?.epoch === epoch) latest.stays(costMs);
    else latest = new Edition(epoch, () => model, pace, costMs);
    return latest;
  }
  return {
    edition() {
      if (latest !== undefined && (!canReread || latest.isFresh)) return latest;
      return (reading ??= begin().finally(() => (reading = undefined)));
    },
    renew: () => undefined,
  };
}

function nameOf(who: { readonly by: string } | undefined): string | undefined {
  return typeof who?.by === "string" && who.by.trim() !== "" ? who.by : undefined;
}

/** The fields of a form; `undefined` where it is none, or too long. */
async function formOf(request: Request): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get("content-type") ?? "")) return undefined;
  if (Number(request.headers.get("content-length") ?? 0) > mostBody) return undefined;
  const text = await request.text();
  return text.length > mostBody ? undefined : new URLSearchParams(text);
}

const plain = { "content-type": "text/plain; charset=utf-8" };
const eventStream = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };

function answer(status: number, body: BodyInit, headers: Readonly<Record<string, string>>): Response {
  return new Response(status === 303 ? null : body, {
    status,
    headers: {
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      ...headers,
    },
  });
}

function refusal(status: number, sentence: string, more: Readonly<Record<string, string>> = {}): Response {
  return answer(status, `${visible(sentence)}\n`, { ...plain, ...more });
}
