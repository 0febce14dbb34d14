import { systemClock, type Cancel } from "../../model/clock.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { CandidateBasis } from "../../model/evidence-data.ts";
import type { RolloutEvent, RolloutHost, RolloutSnapshot, Sample, Stage } from "../../model/rollout.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import { randomSecret } from "../../stats/keyed-hash.ts";
import { shownState } from "../shown-state.ts";
import { lesserOf, snapshotOf } from "../snapshot.ts";
import { initialState, nextOf, refusalOf, servedStage, type RolloutRequest, type RolloutState } from "../state.ts";
import type { ReportedTotals } from "../stores/store.ts";
import { isKnown } from "../versions.ts";
import { OutsideGates } from "./outside-gates.ts";
import { EpochEvidence } from "./ramp-evidence.ts";
import { RampEvents } from "./ramp-events.ts";
import { RampKeeper } from "./ramp-keeper.ts";
import type { RampSettings, RampStatus } from "./ramp-options.ts";
import { grantedBy, runningOf } from "./running.ts";
import { SilenceWatch } from "./silence.ts";
import { keepsEvidence, withStanding } from "./standing.ts";
import { VersionWatch } from "./version-watch.ts";

// Asking for readiness costs some microseconds, a sample must cost none: so only every so many units.
const unitsBetweenLooks = 64;
// Where evidence counts: neither while nothing runs, nor after everything was decided.
const judged: Partial<Record<Stage, true>> = { shadow: true, ramp: true, live: true };

/** Moves one ramp: by evidence as it comes in, by the clock, by people, and by what the store and source say. */
export class RampDriver {
  /** What runs: the only thing that calls read. */
  snapshot: RolloutSnapshot;

  readonly #settings: RampSettings;
  readonly #events = new RampEvents();
  readonly #keeper: RampKeeper;
  readonly #silence: SilenceWatch;
  readonly #versions = new VersionWatch();
  readonly #outside: OutsideGates;
  #experiment: string | undefined;
  #host: RolloutHost | undefined;
  readonly #secret = randomSecret();
  /** Of this process's candidate. */
  #version: string | undefined;
  #evidence: EpochEvidence;
  // When gathering began: with the epoch, or when the source last changed what runs.
  #evidenceSince: number;
  #limited = false;
  #sourceChanges = 0;
  #announcedReady = false;
  #actedOnAlarm = false;
  #toldStall: string | undefined = undefined;
  #closed = false;
  #stops: Cancel[] = [];
  #nextLook = unitsBetweenLooks;

  constructor(settings: RampSettings) {
    this.#settings = settings;
    this.#version = settings.version;
    const state = this.#initialState(systemClock.now());
    this.#keeper = new RampKeeper(state, settings, {
      changed: (before, told) => this.#changed(before, told),
      // What is seen of another version, or while the source holds the ramp below its state, is no evidence for that state.
      totals: () => (this.#limited || !this.#isCurrent() ? {} : this.#evidence.totals()),
      heard: (others) => this.#heard(others),
      version: () => this.#version,
      now: () => this.#now(),
      onFault: (error) => this.#host?.onFault("store", error),
    });
    this.#outside = new OutsideGates(settings.gates, {
      asks: () => this.#keeper.known && this.#isCurrent() && this.snapshot.stage in judged,
      alarmed: () => this.#alarm(this.#evidence.candidate, this.#now()),
      now: () => this.#now(),
      onFault: (error) => this.#host?.onFault("gate", error),
    });
    this.#evidence = this.#freshEvidence();
    this.#evidenceSince = state.changedAt;
    this.#silence = new SilenceWatch(settings.quietAfterMs);
    this.snapshot = snapshotOf("off");
    this.#refresh();
  }

  get loaded(): Promise<void> {
    return this.#keeper.loaded;
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
    this.#version = this.#settings.version ?? host.build;
    const now = host.clock.now();
    // Nothing has happened yet: the first state began on the laboratory's clock, not on the system's.
    if (first && this.#keeper.state.epoch === 1) {
      this.#keeper.state = this.#initialState(now);
      this.#evidenceSince = now;
    }
    // Nothing was recorded before: whether windows are kept for records is known from here on.
    if (first && host.units !== undefined) this.#evidence = this.#freshEvidence();
    this.#silence.begin(now, host.calls());
    if (!first && !this.#keeper.stored) this.#redefined();
    const { source } = this.#settings;
    if (source) {
      this.#stops.push(source.onChange(() => this.#onSource()));
      if (source.start) this.#stops.push(source.start(host));
    }
    this.#refresh();
    const stop = this.#keeper.open(experiment);
    if (stop) this.#stops.push(stop);
    this.#stops.push(this.#outside.start(host.clock));
    this.#arm();
  }

  /** Takes one comparison. Never throws. */
  record(sample: Sample): void {
    // From before the last change, or of another version: no evidence for what runs now.
    if (sample.epoch !== this.snapshot.epoch || !this.#keeper.known || !this.#isCurrent()) return;
    this.#silence.sampled();
    const evidence = this.#evidence;
    evidence.record(sample);
    if (evidence.alarmed !== undefined) this.#alarm(sample.candidate, sample.at);
    else if (evidence.units >= this.#nextLook) {
      this.#nextLook = evidence.units + unitsBetweenLooks;
      this.#look(sample.at);
    }
  }

  /** Whether a key is one of those that the first step chooses. Never throws. */
  isChosen(key: string): boolean {
    try {
      const answer: unknown = this.#settings.chosen?.(key) ?? false;
      if (typeof answer !== "boolean") throw new TypeError("`keys` of a step must return true or false");
      return answer;
    } catch (error) {
      this.#host?.onFault("rollout", error);
      return false;
    }
  }

  /** Does what a person asks, or rejects with the reason why not. */
  async ask(request: Omit<RolloutRequest, "at">): Promise<RolloutState> {
    const dated: RolloutRequest = { ...request, at: this.#now(), ...this.#pausing(request.kind) };
    const refusal = refusalOf(this.#keeper.state, dated);
    if (refusal !== undefined)
      throw new SidelaneError("invalid-state", `ramp: cannot ${request.kind.replace("-", " ")}. ${refusal}`);
    await this.#keeper.apply(dated);
    return shownState(this.#keeper.state);
  }

  status(): RampStatus {
    return {
      state: shownState(this.#keeper.state),
      running: this.snapshot,
      limitedBySource: this.#limited,
      synchronized: this.#keeper.synchronized,
      verdict: this.verdict(),
    };
  }

  verdict(): Verdict {
    return withStanding(this.#judge(this.#now()), this.#keeper.state, this.#version);
  }

  /** What this process's part of the verdict rests on, for records. */
  basis(): CandidateBasis {
    const now = this.#now();
    const { risk, minimumUnits, minimumKeys, minimumTimeMs } = this.#terms(now) as Required<VerdictTerms>;
    const { minimumServed } = this.#settings;
    const { standing, reasons } = this.verdict();
    const outside = this.#outside.states();
    return {
      since: this.#evidenceSince,
      terms: { risk, minimumUnits, minimumKeys, minimumTimeMs, minimumServed },
      ...this.#evidence.reading(now),
      ...(standing !== undefined && { standing: { is: standing, reason: reasons[0]! } }),
      ...(outside.length > 0 && { outside }),
    };
  }

  #judge(now: number): Verdict {
    return this.#outside.added(this.#evidence.verdict(this.#terms(now)));
  }

  on(listener: (event: RolloutEvent) => void): Cancel {
    return this.#events.on(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    await this.#keeper.synchronize();
  }

  // ---- by evidence and by the clock

  /** Acts on an alarm, once: what alarms now alarms with every comparison that follows. */
  #alarm(candidate: string, at: number): void {
    if (this.#actedOnAlarm) return;
    this.#actedOnAlarm = true;
    const { reasons } = this.#judge(at);
    const reason = `${candidate}: ${reasons.join(" ")}`;
    const { onRegression } = this.#settings;
    if (onRegression === "rollback") this.#request({ kind: "rollback", at, reason });
    else if (onRegression === "pause" && this.#keeper.state.mode === "running")
      this.#request({ kind: "pause", at, reason, alarmed: true });
    else this.#tellHere("regressed", at, reason);
  }

  /** Whether the step's evidence suffices, and then what that leads to. */
  #look(now: number): void {
    const { onReady } = this.#settings;
    const { state, known, promoting, promoteFrom } = this.#keeper;
    if (!known || !this.#isCurrent() || state.mode === "rolled-back" || this.#limited || promoting) return;
    if (now - this.#evidenceSince < this.#minimumTimeMs || now < promoteFrom) return;
    const next = onReady === "advance" && state.mode === "running" ? nextOf(state) : undefined;
    if (this.#announcedReady && next === undefined) return;
    const verdict = this.#judge(now);
    if (verdict.kind !== "ready") return;
    const reason = verdict.reasons.join(" ");
    if (!this.#announcedReady) {
      this.#announcedReady = true;
      this.#tellHere("ready", now, reason);
    }
    // A listener may have changed the state; the epoch says so.
    if (next) this.#request({ kind: "advance", at: now, reason, epoch: state.epoch, ...this.#pausing("advance") });
  }

  /** Whether the step to which `advance` leads is one that pauses. */
  #pausing(kind: RolloutRequest["kind"]): { pauses?: true } {
    const to = kind === "advance" ? nextOf(this.#keeper.state) : undefined;
    return to?.stage === "ramp" && this.#settings.stepTerms.get(to.share)?.pause === true ? { pauses: true } : {};
  }

  get #minimumTimeMs(): number {
    const { stage, share } = this.#keeper.state;
    const own = stage === "ramp" ? this.#settings.stepTerms.get(share)?.minimumTimeMs : undefined;
    return own ?? this.#settings.minimumTimeMs;
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
    // While the store does not tell the state, nothing is compared, and that has to be said too.
    const expected = (this.snapshot.compare > 0 || !this.#keeper.known) && this.#isCurrent();
    const silence = this.#silence.check(now, this.#host?.calls() ?? 0, expected);
    if (silence) this.#tellHere(silence.kind, now, silence.reason);
    this.#tellStall(now);
    const off = this.#limited ? undefined : this.#evidence.ratioIsOff();
    if (off !== undefined) this.#request({ kind: "pause", at: now, reason: off });
    this.#look(now);
    if (this.#keeper.stored) void this.#keeper.synchronize();
  }

  /** Evidence that will never suffice, however long it goes on like this: told once, until something else stands in the way. */
  #tellStall(now: number): void {
    if (this.snapshot.compare === 0 || !this.#isCurrent()) return;
    const { stalled } = this.#judge(now);
    const gate = stalled?.split(":")[0];
    if (gate === this.#toldStall) return;
    this.#toldStall = gate;
    if (stalled !== undefined) this.#tellHere("stalled", now, stalled);
  }

  // ---- versions

  #isCurrent(): boolean {
    return this.#keeper.state.candidateVersion === this.#version;
  }

  /** An experiment was defined again with this ramp: under another version, or under none, its candidate may be other code. */
  #redefined(): void {
    if (this.#isCurrent() && this.#version !== undefined) return;
    this.#newVersion(false, "The experiment was defined anew.");
  }

  #heard(others: readonly ReportedTotals[]): void {
    this.#evidence.setOthers(
      others.filter(({ version }) => version === this.#version),
      this.#now(),
    );
    if (this.#isCurrent()) {
      this.#versions.reset();
      // Of what every process has seen a little, all together may have seen enough.
      if (this.#evidence.alarmed !== undefined) this.#alarm(this.#evidence.candidate, this.#now());
      else this.#look(this.#now());
      return;
    }
    const { candidateVersion, versions = [] } = this.#keeper.state;
    if (this.#version === undefined || !isKnown(versions, this.#version)) {
      this.#newVersion(false, `Version ${this.#version} was met for the first time.`);
      return;
    }
    const monotonic = (this.#host?.clock ?? systemClock).monotonic();
    if (!this.#versions.isGone(candidateVersion, others, monotonic)) return;
    this.#newVersion(true, `Version ${candidateVersion} has not been heard of for 10 min.`);
  }

  #newVersion(returns: boolean, reason: string): void {
    this.#request({
      kind: "new-version",
      at: this.#now(),
      reason,
      returns,
      keepsStage: this.#settings.onNewVersion === "keep",
      ...(this.#version !== undefined && { version: this.#version }),
    });
  }

  // ---- changing state

  /** Asks in the ramp's own name; what the state refuses is left. */
  #request(request: Omit<RolloutRequest, "by">): void {
    const own: RolloutRequest = {
      ...(this.#version !== undefined && { version: this.#version }),
      ...request,
      by: "ramp",
    };
    if (refusalOf(this.#keeper.state, own) === undefined) void this.#keeper.apply(own);
  }

  #changed(before: RolloutState, told: boolean): void {
    const next = this.#keeper.state;
    if (told && keepsEvidence(before, next)) {
      this.#announcedReady = false;
      if (next.mode === "running") this.#evidence.forgetRatio();
    } else if (next.epoch !== before.epoch || !told) this.#startAfresh(next.changedAt);
    this.#refresh();
    if (!told) return;
    for (const change of next.history) if (change.to.epoch > before.epoch) this.#tell(change);
  }

  #onSource(): void {
    const before = this.snapshot;
    this.#sourceChanges++;
    this.#refresh();
    const after = this.snapshot;
    if (before.stage === after.stage && before.share === after.share) return;
    this.#startAfresh(this.#now());
    const kind = lesserOf(before, after) === before ? "advanced" : "rolled-back";
    this.#tell({ kind, from: before, to: after, at: this.#now(), by: "source", reason: "The source changed." });
  }

  /** Works out what runs. */
  #refresh(): void {
    const { state, known } = this.#keeper;
    const { compare, source } = this.#settings;
    const granted = grantedBy(known ? state : undefined, this.#version, compare);
    const epoch = (known ? state.epoch : 0) + this.#sourceChanges;
    const running = runningOf(granted, source, this.snapshot, epoch, (error) => this.#host?.onFault("source", error));
    this.snapshot = running.snapshot;
    this.#limited = running.limited;
  }

  #startAfresh(since: number): void {
    this.#evidence = this.#freshEvidence();
    this.#evidenceSince = since;
    this.#outside.forget();
    this.#announcedReady = this.#actedOnAlarm = false;
    this.#toldStall = undefined;
    this.#nextLook = unitsBetweenLooks;
  }

  #freshEvidence(): EpochEvidence {
    const { gates, unitWindowMs, falseAlarmEvery, minimumServed, chosen } = this.#settings;
    const { stage, share } = this.#keeper.state;
    return new EpochEvidence({
      gates: gates.filter(({ by }) => by !== "outside"),
      unitWindowMs,
      share,
      chooses: stage === "ramp" && share === 0,
      ...(chosen !== undefined && { isChosen: (key: string) => this.isChosen(key) }),
      // A state without one is that of an older release: tables under this process's own do not merge.
      secret:
        this.#keeper.stored ?
          (this.#keeper.state.unitSecret ?? this.#secret)
        : (this.#host?.units?.secret ?? this.#secret),
      mergeable: this.#keeper.stored,
      keepsWindows: this.#host?.units !== undefined,
      minimumServed,
      ...(falseAlarmEvery !== undefined && { falseAlarmEvery }),
      onFault: (error) => this.#host?.onFault("gate", error),
    });
  }

  #initialState(now: number): RolloutState {
    const { steps, start } = this.#settings;
    return { ...initialState(steps, now, start, this.#version), unitSecret: this.#secret };
  }

  #terms(now: number): VerdictTerms {
    const { risk, minimumUnits, minimumKeys } = this.#settings;
    const minimumTimeMs = this.#minimumTimeMs;
    return { risk, minimumUnits, minimumKeys, minimumTimeMs, now, elapsedMs: now - this.#evidenceSince };
  }

  /** Tells of something that leaves the state as it is. */
  #tellHere(kind: RolloutEvent["kind"], at: number, reason: string): void {
    const here = servedStage(this.#keeper.state);
    this.#tell({ kind, from: here, to: here, at, by: "ramp", reason });
  }

  #tell(event: Omit<RolloutEvent, "experiment" | "version">): void {
    const { candidateVersion: version } = this.#keeper.state;
    const more = { experiment: this.#experiment ?? "", ...(version !== undefined && { version }) };
    this.#events.tell({ ...event, ...more }, this.#host);
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
