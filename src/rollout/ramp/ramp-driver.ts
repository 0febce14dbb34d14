import { systemClock, type Cancel } from "../../model/clock.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { RolloutEvent, RolloutHost, RolloutSnapshot, Sample } from "../../model/rollout.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import { EpochEvidence } from "./ramp-evidence.ts";
import type { RampSettings, RampStatus } from "./ramp-options.ts";
import { RampStorage } from "./ramp-storage.ts";
import { lesserOf, limitedBy, snapshotOf } from "../snapshot.ts";
import {
  initialState,
  isSafe,
  nextOf,
  refusalOf,
  servedStage,
  transition,
  type RolloutChange,
  type RolloutRequest,
  type RolloutState,
} from "../state.ts";

// Asking for readiness costs some microseconds, a sample must cost none: so only every so many units.
const unitsBetweenLooks = 64;

/** Moves one ramp: by evidence as it comes in, by the clock, by people, and by what the store and source say. */
export class RampDriver {
  /** What runs: the only thing that calls read. */
  snapshot: RolloutSnapshot;
  readonly loaded: Promise<void>;

  readonly #settings: RampSettings;
  readonly #storage: RampStorage | undefined;
  readonly #listeners = new Set<(event: RolloutEvent) => unknown>();
  #experiment: string | undefined;
  #host: RolloutHost | undefined;
  #state: RolloutState;
  #evidence: EpochEvidence;
  // Without a store there is nothing to wait for.
  #known: boolean;
  #limited = false;
  #sourceChanges = 0;
  #announcedReady = false;
  #promoting = false;
  // A store that fails is not asked again with every look.
  #promoteFrom = 0;
  // When gathering began: with the epoch, or when the source last changed what runs.
  #evidenceSince: number;
  #closed = false;
  #stops: Cancel[] = [];
  #nextLook = unitsBetweenLooks;
  // To tell silence: when a sample last came, how many calls there were by then, and whether it was told.
  #quietSince = 0;
  #sampled = false;
  #callsBefore = 0;
  #toldQuiet = false;
  #toldStall: string | undefined = undefined;
  #tellLoaded: () => void = () => undefined;

  constructor(settings: RampSettings) {
    this.#settings = settings;
    this.#state = initialState(settings.steps, systemClock.now(), settings.start);
    this.#evidence = this.#freshEvidence();
    this.#evidenceSince = this.#state.changedAt;
    this.#storage = settings.store && new RampStorage(settings.store, settings.process);
    this.#known = this.#storage === undefined;
    this.loaded = new Promise((resolve) => (this.#tellLoaded = resolve));
    if (this.#known) this.#tellLoaded();
    this.snapshot = snapshotOf("off");
    this.#refresh();
  }

  bind(experiment: string, host: RolloutHost): void {
    if (this.#experiment !== undefined && this.#experiment !== experiment) {
      throw new SidelaneError(
        "invalid-definition",
        `experiment(${JSON.stringify(experiment)}): expected a \`rollout\` of its own, got the ramp of ${JSON.stringify(this.#experiment)}. Make one ramp for each experiment`,
      );
    }
    this.#stop();
    const first = this.#experiment === undefined;
    this.#experiment = experiment;
    this.#host = host;
    this.#closed = false;
    const now = host.clock.now();
    // Nothing has happened yet: the first state began on the laboratory's clock, not on the system's.
    if (first && this.#state.epoch === 1) {
      this.#state = initialState(this.#settings.steps, now, this.#settings.start);
      this.#evidenceSince = now;
    }
    this.#quietSince = now;
    this.#callsBefore = host.calls();
    const { source } = this.#settings;
    if (source) {
      this.#stops.push(source.onChange(() => this.#onSource()));
      if (source.start) this.#stops.push(source.start(host));
    }
    this.#refresh();
    if (this.#storage) {
      const stop = this.#storage.watch(experiment, () => void this.#synchronize());
      if (stop) this.#stops.push(stop);
      void this.#synchronize();
    }
    this.#arm();
  }

  /** Takes one comparison. Never throws. */
  record(sample: Sample): void {
    // From before the last change: no evidence for what runs now.
    if (sample.epoch !== this.snapshot.epoch || !this.#known) return;
    this.#sampled = true;
    const evidence = this.#evidence.record(sample);
    if (evidence.alarmed !== undefined) this.#alarm(sample.candidate, sample.at);
    else if (evidence.units >= this.#nextLook) {
      this.#nextLook = evidence.units + unitsBetweenLooks;
      this.#look(sample.at);
    }
  }

  /** Does what a person asks, or rejects with the reason why not. */
  async ask(request: Omit<RolloutRequest, "at">): Promise<RolloutState> {
    const dated: RolloutRequest = { ...request, at: this.#now() };
    const refusal = refusalOf(this.#state, dated);
    if (refusal !== undefined)
      throw new SidelaneError("invalid-state", `ramp: cannot ${request.kind.replace("-", " ")}. ${refusal}`);
    await this.#apply(dated);
    return this.#state;
  }

  status(): RampStatus {
    return {
      state: this.#state,
      running: this.snapshot,
      limitedBySource: this.#limited,
      synchronized: this.#known && !this.#storage?.waiting,
      verdict: this.verdict(),
    };
  }

  verdict(): Verdict {
    return this.#withStanding(this.#evidence.verdict(this.#terms(this.#now())));
  }

  /** A ramp that stands still says why, before what the evidence of this epoch says. */
  #withStanding(verdict: Verdict): Verdict {
    const { mode, history } = this.#state;
    if (mode === "running") return verdict;
    const kind = mode === "paused" ? "paused" : "rolled-back";
    const change = history.findLast((each) => each.kind === kind);
    if (change === undefined) return verdict;
    const standing = mode === "paused" ? "Paused" : "Rolled back until a person clears it,";
    return {
      ...verdict,
      standing: kind,
      reasons: [`${standing} by ${change.by}, ${change.reason}`, ...verdict.reasons],
    };
  }

  on(listener: (event: RolloutEvent) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    await this.#synchronize();
  }

  // ---- by evidence and by the clock

  #alarm(candidate: string, at: number): void {
    const { reasons } = this.#evidence.verdict(this.#terms(at));
    const request: RolloutRequest = { kind: "rollback", by: "ramp", at, reason: `${candidate}: ${reasons.join(" ")}` };
    if (refusalOf(this.#state, request) === undefined) void this.#apply(request);
  }

  /** Whether the step's evidence suffices, and then what that leads to. */
  #look(now: number): void {
    const { minimumTimeMs, onReady } = this.#settings;
    if (!this.#known || this.#state.mode === "rolled-back" || this.#limited || this.#promoting) return;
    if (now - this.#evidenceSince < minimumTimeMs || now < this.#promoteFrom) return;
    const next = onReady === "advance" && this.#state.mode === "running" ? nextOf(this.#state) : undefined;
    if (this.#announcedReady && next === undefined) return;
    const verdict = this.#evidence.verdict(this.#terms(now));
    if (verdict.kind !== "ready") return;
    const reason = verdict.reasons.join(" ");
    if (!this.#announcedReady) {
      this.#announcedReady = true;
      const here = servedStage(this.#state);
      this.#emit({ kind: "ready", from: here, to: here, at: now, by: "ramp", reason });
    }
    // A listener may have changed the state; the epoch says so.
    if (next) void this.#apply({ kind: "advance", by: "ramp", at: now, reason, epoch: this.#state.epoch });
  }

  #arm(): void {
    if (this.#closed || !this.#host) return;
    const cancel = this.#host.clock.after(this.#settings.checkEveryMs, () => {
      this.#stops = this.#stops.filter((stop) => stop !== cancel);
      this.#check();
      this.#arm();
    });
    this.#stops.push(cancel);
  }

  #check(): void {
    const now = this.#now();
    this.#tellSilence(now);
    this.#tellStall(now);
    this.#look(now);
    if (this.#storage) void this.#synchronize();
  }

  /** A candidate that is never compared is a finding, not a success. */
  #tellSilence(now: number): void {
    const calls = this.#host?.calls() ?? 0;
    if (this.#sampled || this.snapshot.compare === 0) {
      this.#sampled = this.#toldQuiet = false;
      this.#quietSince = now;
      this.#callsBefore = calls;
      return;
    }
    const quietMs = now - this.#quietSince;
    if (this.#toldQuiet || quietMs < this.#settings.quietAfterMs) return;
    this.#toldQuiet = true;
    const called = calls - this.#callsBefore;
    const here = servedStage(this.#state);
    const seconds = Math.round(quietMs / 1000);
    this.#emit({
      kind: called > 0 ? "stalled" : "no-traffic",
      from: here,
      to: here,
      at: now,
      by: "ramp",
      reason:
        called > 0 ?
          `${called} calls in ${seconds} s, and not one of them was compared.`
        : `Not called for ${seconds} s.`,
    });
  }

  /** Evidence that will never suffice, however long it goes on like this: told once, until something else stands in the way. */
  #tellStall(now: number): void {
    if (this.snapshot.compare === 0) return;
    const { stalled } = this.#evidence.verdict(this.#terms(now));
    const gate = stalled?.split(":")[0];
    if (gate === this.#toldStall) return;
    this.#toldStall = gate;
    if (stalled === undefined) return;
    const here = servedStage(this.#state);
    this.#emit({ kind: "stalled", from: here, to: here, at: now, by: "ramp", reason: stalled });
  }

  // ---- changing state

  async #apply(request: RolloutRequest): Promise<void> {
    const next = transition(this.#state, request);
    if (next === this.#state) return;
    const storage = this.#storage;
    if (!storage) {
      this.#adopt(next);
      return;
    }
    if (isSafe(request)) {
      // The candidate does less at once; the store hears of it as soon as it can.
      storage.remember(request);
      this.#adopt(next);
      return this.#synchronize();
    }
    if (!this.#known || this.#experiment === undefined) {
      throw new SidelaneError(
        "invalid-state",
        `ramp: cannot ${request.kind.replace("-", " ")}. The store's state is not known yet`,
      );
    }
    this.#promoting = true;
    try {
      const replaced = await storage.replace(this.#experiment, this.#state.epoch, next);
      if (replaced && this.#state.epoch < next.epoch) this.#adopt(next);
      if (replaced) return;
    } catch (error) {
      this.#promoteFrom = this.#now() + this.#settings.checkEveryMs;
      this.#host?.onFault("store", error);
      if (request.by === "ramp") return;
      throw new SidelaneError("invalid-state", `ramp: cannot ${request.kind.replace("-", " ")}. The store failed`, {
        cause: error,
      });
    } finally {
      this.#promoting = false;
    }
    await this.#synchronize();
    if (request.by === "ramp") return;
    throw new SidelaneError(
      "invalid-state",
      `ramp: cannot ${request.kind.replace("-", " ")}. Another process was first`,
    );
  }

  /** Agrees with the store: writes what waits, reads what others did, and adds up the evidence. */
  async #synchronize(): Promise<void> {
    const storage = this.#storage;
    const experiment = this.#experiment;
    if (!storage || experiment === undefined) return;
    try {
      const stored = await storage.agree(experiment, this.#state);
      if (!this.#known || stored.epoch > this.#state.epoch) {
        const told = this.#known;
        this.#known = true;
        // What happened before this process was there was told by those that were.
        this.#adopt({ ...stored, steps: this.#settings.steps }, told);
        this.#tellLoaded();
      }
      const { epoch } = this.#state;
      // While the source holds the ramp below its state, what is seen is no evidence for that state.
      const others = await storage.exchange(experiment, epoch, this.#limited ? {} : this.#evidence.totals());
      if (epoch === this.#state.epoch) this.#evidence.setOthers(others);
    } catch (error) {
      this.#host?.onFault("store", error);
    }
  }

  #adopt(next: RolloutState, tell = true): void {
    const before = this.#state;
    this.#state = next;
    if (tell && keepsEvidence(before, next)) this.#announcedReady = false;
    else if (next.epoch !== before.epoch || !tell) this.#startAfresh(next.changedAt);
    this.#refresh();
    if (!tell) return;
    for (const change of next.history) if (change.to.epoch > before.epoch) this.#emit(change);
  }

  #onSource(): void {
    const before = this.snapshot;
    this.#sourceChanges++;
    this.#refresh();
    const after = this.snapshot;
    if (before.stage === after.stage && before.share === after.share) return;
    this.#startAfresh(this.#now());
    const kind = lesserOf(before, after) === before ? "advanced" : "rolled-back";
    this.#emit({ kind, from: before, to: after, at: this.#now(), by: "source", reason: "The source changed." });
  }

  /** Works out what runs. */
  #refresh(): void {
    const { stage, share, epoch } = this.#state;
    const { compare, source } = this.#settings;
    const granted = this.#known ? snapshotOf(stage, share, 0, compare) : snapshotOf("shadow", 0, 0, compare);
    let running = granted;
    if (source) {
      try {
        running = limitedBy(granted, source.current());
      } catch (error) {
        // The last known good is what it said before; with nothing known, no one is served.
        running = limitedBy(granted, this.snapshot);
        this.#host?.onFault("source", error);
      }
    }
    this.#limited = running.stage !== granted.stage || running.share !== granted.share;
    this.snapshot = Object.freeze({
      stage: running.stage,
      share: running.share,
      compare: running.compare,
      epoch: (this.#known ? epoch : 0) + this.#sourceChanges,
    });
  }

  #startAfresh(since: number): void {
    this.#evidence = this.#freshEvidence();
    this.#evidenceSince = since;
    this.#announcedReady = false;
    this.#toldStall = undefined;
    this.#nextLook = unitsBetweenLooks;
  }

  #freshEvidence(): EpochEvidence {
    const { gates, unitWindowMs, falseAlarmEvery } = this.#settings;
    return new EpochEvidence({
      gates,
      unitWindowMs,
      ...(falseAlarmEvery !== undefined && { falseAlarmEvery }),
      onFault: (error) => this.#host?.onFault("gate", error),
    });
  }

  #terms(now: number): VerdictTerms {
    const { risk, minimumUnits, minimumKeys, minimumTimeMs } = this.#settings;
    return { risk, minimumUnits, minimumKeys, minimumTimeMs, now, elapsedMs: now - this.#evidenceSince };
  }

  #emit(event: RolloutChange | Omit<RolloutEvent, "experiment">): void {
    const whole: RolloutEvent = Object.freeze({ ...event, experiment: this.#experiment ?? "" });
    for (const listener of this.#listeners) {
      const onFault = (error: unknown): void => this.#host?.onFault("listener", error);
      try {
        // An `async` listener passes for one that gives nothing.
        const given = listener(whole);
        if (given instanceof Promise) given.catch(onFault);
      } catch (error) {
        onFault(error);
      }
    }
    this.#host?.onEvent(whole);
  }

  #now(): number {
    return (this.#host?.clock ?? systemClock).now();
  }

  #stop(): void {
    for (const stop of this.#stops) {
      try {
        stop();
      } catch (error) {
        this.#host?.onFault("rollout", error);
      }
    }
    this.#stops = [];
  }
}

/** Whether nothing was done but to pause and to go on: what runs is the same, and so is what was seen of it. */
function keepsEvidence(before: RolloutState, next: RolloutState): boolean {
  if (next.epoch === before.epoch || before.mode === "rolled-back") return false;
  const since = next.history.filter(({ to }) => to.epoch > before.epoch);
  return (
    since.length === next.epoch - before.epoch && since.every(({ kind }) => kind === "paused" || kind === "resumed")
  );
}
