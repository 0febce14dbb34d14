import type { Cancel, Clock } from "../../model/clock.ts";
import type { CandidateBasis } from "../../model/evidence-data.ts";
import type { RolloutEvent, RolloutHost, RolloutSnapshot, Sample, Stage } from "../../model/rollout.ts";
import type { Verdict, VerdictTerms } from "../../stats/verdict.ts";
import type { Conclusion } from "../fleet/fleet-judge.ts";
import { FleetEvidenceReader } from "../fleet/fleet-evidence-reader.ts";
import { isFleetVerdict } from "../fleet/read-evidence.ts";
import { evidenceOf } from "../line.ts";
import { nextOf, type RolloutState } from "../state.ts";
import type { Evidence, FleetVerdict, Report } from "../stores/store.ts";
import type { RolloutRequest } from "../transition.ts";
import { LastVerdict } from "./last-verdict.ts";
import { OutsideGates } from "./outside-gates.ts";
import { EpochEvidence } from "./ramp-evidence.ts";
import type { RampSettings } from "./ramp-options.ts";
import { minimumTimeOf, pausingAt } from "./step-terms.ts";

type BasisTerm = "risk" | "minimumUnits" | "minimumKeys" | "minimumTimeMs";

// Asking for readiness costs some microseconds, a sample must cost none: so only every so many units.
const unitsBetweenLooks = 64;
// Where evidence counts: neither while nothing runs, nor after everything was decided.
const judged: Partial<Record<Stage, true>> = { shadow: true, ramp: true, live: true };
// Windows that no comparison is added to any more, and a judge may still need.
const windowsKept = 4;
// What all processes read is written so often at least while it does not change, and at once when it does; or its date is as far ahead.
const concludeEveryMs = 30_000;

/** What evidence is gathered for. */
export interface JudgementHost {
  state(): RolloutState;
  /** Whether that is the store's. */
  known(): boolean;
  readonly isStored: boolean;
  snapshot(): RolloutSnapshot;
  /** Whether the source allows less than the state grants. */
  limited(): boolean;
  version(): string | undefined;
  /** Whether this process may take a step now. */
  mayPromote(): boolean;
  isCurrent(): boolean;
  isChosen(key: string): boolean;
  /** Present where records are written: then windows are kept for them. */
  units(): RolloutHost["units"];
  /** Asks in the ramp's own name. */
  request(request: Omit<RolloutRequest, "by">): void;
  /** Tells of something that leaves the state as it is. */
  tellHere(kind: RolloutEvent["kind"], at: number, reason: string): void;
  now(): number;
  onFault(operation: "gate" | "store", error: unknown): void;
}

/** Judges one ramp by what comes in: here, and as the judge of all processes where this one is that. */
export class RampJudgement {
  readonly #settings: RampSettings;
  readonly #host: JudgementHost;
  readonly #outside: OutsideGates;
  readonly #reader: FleetEvidenceReader;
  readonly #last: LastVerdict;
  readonly #secret: string;
  #evidence: EpochEvidence;
  // When gathering began: with the epoch, or when the source last changed what runs.
  #since: number;
  #announcedReady = false;
  #actedOnAlarm = false;
  #toldStall: string | undefined = undefined;
  #nextLook = unitsBetweenLooks;
  /** What the judge of all processes found. */
  #found: FleetVerdict | undefined = undefined;

  constructor(settings: RampSettings, secret: string, host: JudgementHost) {
    this.#settings = settings;
    this.#secret = secret;
    this.#host = host;
    this.#outside = new OutsideGates(settings.gates, {
      asks: () => host.known() && host.isCurrent() && host.snapshot().stage in judged,
      alarmed: () => this.#alarm(this.#evidence.candidate, host.now()),
      now: () => host.now(),
      onFault: (error) => host.onFault("gate", error),
    });
    this.#reader = new FleetEvidenceReader(settings.run, (error) => host.onFault("store", error));
    this.#last = new LastVerdict(settings.gates);
    this.#evidence = this.#freshEvidence();
    this.#since = host.state().changedAt;
  }

  start(clock: Clock): Cancel {
    return this.#outside.start(clock);
  }

  /** Takes one comparison of what runs now. Never throws. */
  record(sample: Sample): void {
    const { isStored } = this.#host;
    const at = this.#host.now();
    const evidence = this.#evidence;
    evidence.record(sample, at);
    if (evidence.alarmed !== undefined) this.#alarm(sample.candidate, at);
    else if (!isStored && evidence.units >= this.#nextLook) {
      this.#nextLook = evidence.units + unitsBetweenLooks;
      this.#look(at);
    }
  }

  /** What is known: here, unless the judge of all processes has said more. @param isJudge whether this process is that */
  verdict(isJudge: boolean): Verdict {
    const { verdict } = this.#foundNow() ?? {};
    if (verdict === undefined || isJudge || this.#evidence.alarmed !== undefined) return this.#judge(this.#host.now());
    return verdict;
  }

  #judge(now: number): Verdict {
    return this.#outside.added(this.#evidence.verdict(this.#terms(now)));
  }

  /** What only time brings to light. */
  check(): void {
    const host = this.#host;
    const now = host.now();
    // The judge of all processes looks when it concludes.
    if (!host.isStored) this.#tellStall(now, () => this.#judge(now));
    const off = host.limited() ? undefined : this.#evidence.ratioIsOff();
    if (off !== undefined) host.request({ kind: "pause", at: now, reason: off });
    if (!host.isStored) this.#look(now);
  }

  /** Gathers afresh, for what runs as before. @param why something that was seen is left out, as a sentence */
  gatherAnew(why?: string): void {
    this.#evidence = this.#freshEvidence();
    if (why !== undefined) this.#host.onFault("store", new Error(why));
  }

  /** What this process's part of a verdict rests on, for records. */
  basis(): Omit<CandidateBasis, "standing"> {
    const now = this.#host.now();
    const { risk, minimumUnits, minimumKeys, minimumTimeMs } = this.#terms(now);
    const { minimumServed } = this.#settings;
    const outside = this.#outside.states();
    return {
      since: this.#since,
      terms: { risk, minimumUnits, minimumKeys, minimumTimeMs, minimumServed },
      ...this.#evidence.reading(now),
      ...(outside.length > 0 && { outside }),
    };
  }

  /** Another state, or another source: what was seen before is no evidence for what runs from here on. */
  startAfresh(since: number): void {
    this.#evidence = this.#freshEvidence();
    this.#since = since;
    this.#outside.forget();
    this.#announcedReady = this.#actedOnAlarm = false;
    this.#toldStall = undefined;
    this.#nextLook = unitsBetweenLooks;
    this.#found = undefined;
  }

  /** What runs is the same, and so is what was seen of it. */
  goesOn(): void {
    this.#announcedReady = false;
    if (this.#host.state().mode === "running") this.#evidence.forgetRatio();
  }

  // ---- with other processes

  /** What this process reports. What is seen of another version, or while the source allows less, is no evidence for the state. */
  report(): Pick<Report, "candidates" | "units" | "knowsVerdict"> {
    const counts = this.#host.known() && !this.#host.limited() && this.#host.isCurrent();
    return {
      candidates: counts ? this.#evidence.totals() : {},
      units: counts ? this.#evidence.unsent() : [],
      ...(this.#found && { knowsVerdict: this.#found.at }),
    };
  }

  /** The store has what was reported. */
  arrived(): void {
    const { unitWindowMs } = this.#settings;
    if (unitWindowMs > 0) this.#evidence.arrived(Math.floor(this.#host.now() / unitWindowMs) - windowsKept);
  }

  /** Takes what the judge of all processes found. */
  take(found: FleetVerdict): void {
    if (!isFleetVerdict(found)) {
      this.#host.onFault(
        "store",
        new Error("The verdict of all processes cannot be read: the next judge writes it anew"),
      );
      return;
    }
    this.#found = found;
    const now = this.#foundNow();
    if (now) this.#evidence.expect(now.distinct);
  }

  /** As the judge: adds up what all processes reported, acts on it, and says what to write for them, where that is due. */
  conclude(evidence: Evidence): Conclusion | undefined {
    const host = this.#host;
    const state = host.state();
    const { epoch } = evidenceOf(state);
    const read = this.#reader.read(evidence, epoch, host.version(), this.#evidence.candidate);
    const isChanged = this.#evidence.setOthers(read.others, evidence.now, read.isAlone);
    const last = this.#foundNow();
    const isDue = last === undefined || read.silent.length > 0 || Math.abs(evidence.now - last.at) >= concludeEveryMs;
    const judged = this.#last.look(!isChanged && !isDue, () => this.#judge(host.now()));
    if (this.#evidence.alarmed !== undefined) this.#alarm(this.#evidence.candidate, host.now());
    else if (!read.isBehind(state.epoch)) this.#look(host.now(), judged);
    // A step was taken: what was seen is no evidence any more.
    if (host.state() !== state) return undefined;
    const verdict = judged();
    this.#tellStall(host.now(), judged);
    if (!isDue && last.verdict.kind === verdict.kind && last.verdict.stalled === verdict.stalled) return undefined;
    const found: FleetVerdict = {
      ...{ at: evidence.now, evidenceEpoch: epoch, verdict, distinct: this.#evidence.distinct },
      // Of a process that has ended long ago there is no row any more.
      ...{ version: host.version(), writes: read.writes ?? this.#found?.writes },
    };
    this.take(found);
    return { verdict: found, retired: read.retired(this.#evidence.folded) };
  }

  #foundNow(): FleetVerdict | undefined {
    const [state, version] = [this.#host.state(), this.#host.version()];
    const found = this.#found;
    return found?.evidenceEpoch === evidenceOf(state).epoch && found.version === version ? found : undefined;
  }

  // ---- by evidence and by the clock

  /** Acts on an alarm, once: what alarms now alarms with every comparison that follows. */
  #alarm(candidate: string, at: number): void {
    if (this.#actedOnAlarm) return;
    this.#actedOnAlarm = true;
    const host = this.#host;
    const { reasons } = this.#judge(at);
    const reason = `${candidate}: ${reasons.join(" ")}`;
    const { onRegression } = this.#settings;
    if (onRegression === "rollback") host.request({ kind: "rollback", at, reason });
    else if (onRegression === "pause" && host.state().mode === "running")
      host.request({ kind: "pause", at, reason, alarmed: true });
    else host.tellHere("regressed", at, reason);
  }

  /** Whether the step's evidence suffices, and then what that leads to. */
  #look(now: number, judged: () => Verdict = () => this.#judge(now)): void {
    const host = this.#host;
    const { onReady } = this.#settings;
    const state = host.state();
    if (!host.mayPromote() || state.mode === "rolled-back" || host.limited()) return;
    if (now - this.#since < minimumTimeOf(this.#settings, state)) return;
    const next = onReady === "advance" && state.mode === "running" ? nextOf(state) : undefined;
    if (this.#announcedReady && next === undefined) return;
    const verdict = judged();
    if (verdict.kind !== "ready") return;
    const reason = verdict.reasons.join(" ");
    if (!this.#announcedReady) {
      this.#announcedReady = true;
      host.tellHere("ready", now, reason);
    }
    // A listener may have changed the state; the epoch says so.
    const { epoch } = state;
    if (next) host.request({ kind: "advance", at: now, reason, epoch, ...pausingAt(this.#settings, state, "advance") });
  }

  /** Evidence that will never suffice, however long it goes on like this: told once, until something else stands in the way. */
  #tellStall(now: number, judged: () => Verdict): void {
    const host = this.#host;
    if (host.snapshot().compare === 0 || !host.isCurrent()) return;
    const { stalled } = judged();
    const gate = stalled?.split(":")[0];
    if (gate === this.#toldStall) return;
    this.#toldStall = gate;
    if (stalled !== undefined) host.tellHere("stalled", now, stalled);
  }

  #freshEvidence(): EpochEvidence {
    const { gates, unitWindowMs, falseAlarmEvery, minimumServed, chosen } = this.#settings;
    const host = this.#host;
    const { stage, share, unitSecret } = host.state();
    return new EpochEvidence({
      gates: gates.filter(({ by }) => by !== "outside"),
      unitWindowMs,
      share,
      chooses: stage === "ramp" && share === 0,
      ...(chosen !== undefined && { isChosen: (key: string) => host.isChosen(key) }),
      // A state without one is that of an older release: tables under this process's own do not merge.
      secret: (host.isStored ? unitSecret : host.units()?.secret) ?? this.#secret,
      mergeable: host.isStored,
      keepsWindows: host.units() !== undefined,
      minimumServed,
      ...(falseAlarmEvery !== undefined && { falseAlarmEvery }),
      onFault: (error) => host.onFault("gate", error),
    });
  }

  #terms(now: number): Required<Pick<VerdictTerms, BasisTerm>> & VerdictTerms {
    const { risk, minimumUnits, minimumKeys } = this.#settings;
    const minimumTimeMs = minimumTimeOf(this.#settings, this.#host.state());
    return { risk, minimumUnits, minimumKeys, minimumTimeMs, now, elapsedMs: now - this.#since };
  }
}
