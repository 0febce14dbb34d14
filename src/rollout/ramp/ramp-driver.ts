import { systemClock, type Cancel } from "../../model/clock.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { CandidateBasis } from "../../model/evidence-data.ts";
import type { RolloutEvent, RolloutHost, RolloutSnapshot, Sample } from "../../model/rollout.ts";
import { randomSecret } from "../../stats/keyed-hash.ts";
import type { Verdict } from "../../stats/verdict.ts";
import { FleetJudge } from "../fleet/fleet-judge.ts";
import { evidenceOf } from "../line.ts";
import { shownState } from "../shown-state.ts";
import { lesserOf, snapshotOf } from "../snapshot.ts";
import { servedStage, type GrantingState, type RolloutChange, type RolloutState } from "../state.ts";
import type { SyncedState } from "../stores/store.ts";
import { refusalOf, type RolloutRequest } from "../transition.ts";
import { RampEvents, tried } from "./ramp-events.ts";
import { RampJudgement } from "./ramp-judgement.ts";
import { RampKeeper } from "./ramp-keeper.ts";
import type { RampSettings, RampStatus } from "./ramp-options.ts";
import { firstStateOf, RampVersions, refuseOther, strangeIn } from "./ramp-versions.ts";
import { grantedBy, runningOf } from "./running.ts";
import { SilenceWatch } from "./silence.ts";
import { withStanding } from "./standing.ts";
import { isChosen } from "./steps.ts";

/** Moves one ramp: by what the evidence, people, the store and the source say, it works out what runs. */
export class RampDriver {
  readonly keeper: RampKeeper;
  readonly #settings: RampSettings;
  readonly #events = new RampEvents();
  readonly #silence: SilenceWatch;
  readonly #versions: RampVersions;
  readonly #judgement: RampJudgement;
  #judge: FleetJudge | undefined = undefined;
  #experiment: string | undefined;
  #host: RolloutHost | undefined;
  readonly #secret = randomSecret();
  /** Of this process's candidate. */
  #version: string | undefined;
  #snapshot: RolloutSnapshot;
  // What runs in its place while the store is out of reach.
  #staleSnapshot: RolloutSnapshot;
  #limited = false;
  /** Why the state is not this ramp's. */
  #strange: string | undefined = undefined;
  #sourceChanges = 0;
  #closed = false;
  #stops: Cancel[] = [];

  constructor(settings: RampSettings) {
    this.#settings = settings;
    this.#version = settings.version;
    this.#versions = new RampVersions(settings);
    this.keeper = new RampKeeper(firstStateOf(settings, systemClock.now(), this.#version, this.#secret), settings, {
      changed: (before, news, isFirst) => this.#changed(before, news, isFirst),
      report: () => ({
        ...(this.#version !== undefined && { version: this.#version }),
        ...{ ...this.#judgement.report(), writes: this.#host?.writes?.() },
      }),
      exchanged: (answer) => this.#exchanged(answer),
      grants: (state) => this.#grants(state),
      renewed: (why) => this.#judgement.gatherAnew(why),
      onFault: (error) => this.#host?.onFault("store", error),
    });
    this.#snapshot = this.#staleSnapshot = snapshotOf("off");
    this.#judgement = this.#judgementOf();
    this.#silence = new SilenceWatch(settings.quietAfterMs);
    this.#refresh();
  }

  #judgementOf(): RampJudgement {
    const { keeper } = this;
    return new RampJudgement(this.#settings, this.#secret, {
      isStored: keeper.isStored,
      state: () => keeper.state,
      known: () => keeper.known,
      snapshot: () => this.#snapshot,
      limited: () => this.#limited,
      version: () => this.#version,
      mayPromote: () => {
        if (!keeper.known || keeper.promoting || !this.isCurrent()) return false;
        return !keeper.isStored || (keeper.synchronized && keeper.now() >= keeper.promoteFrom && this.#isJudge);
      },
      isCurrent: () => this.isCurrent(),
      units: () => this.#host?.units,
      isChosen: (key) => this.isChosen(key),
      request: (request) => this.#request(request),
      tellHere: (kind, at, reason) => this.#tellHere(kind, at, reason),
      now: () => keeper.now(),
      onFault: (operation, error) => this.#host?.onFault(operation, error),
    });
  }

  /** What runs: the only thing that calls read. A process that cannot reach its store serves control, from the moment of the call on. */
  get snapshot(): RolloutSnapshot {
    const { share, stage } = this.#snapshot;
    const isServing = (share > 0 || stage === "ramp") && stage !== "complete";
    const running = isServing && this.keeper.isStale() ? this.#staleSnapshot : this.#snapshot;
    return this.keeper.ahead.isEmpty ? running : this.keeper.ahead.under(running);
  }

  bind(experiment: string, host: RolloutHost): void {
    refuseOther(experiment, this.#experiment);
    this.#stop();
    const first = this.#experiment === undefined;
    this.#experiment = experiment;
    this.#host = host;
    this.#closed = false;
    this.#version = this.#settings.version ?? host.build;
    this.keeper.setClock(host.clock);
    const now = this.keeper.now();
    // Nothing has happened yet: the first state began on the laboratory's clock, not on the system's.
    if (first && this.keeper.state.epoch === 1) {
      this.keeper.state = firstStateOf(this.#settings, now, this.#version, this.#secret);
      this.#judgement.startAfresh(now);
    }
    // Nothing was recorded before: whether windows are kept for records is known from here on.
    if (first && host.units !== undefined) this.#judgement.gatherAnew();
    this.#silence.begin(now, host.calls());
    if (!first && !this.keeper.isStored) this.#redefined();
    const { source } = this.#settings;
    if (source) {
      this.#stops.push(source.onChange(() => this.#onSource()));
      if (source.start) this.#stops.push(source.start(host));
    }
    this.#refresh();
    const { store, run } = this.#settings;
    if (store) {
      this.#judge = new FleetJudge(store, host.clock, experiment, run, {
        judges: () => (this.#mayJudge ? evidenceOf(this.keeper.state).epoch : undefined),
        judge: (evidence) => this.#judgement.conclude(evidence),
        failed: (error) => this.#host?.onFault("store", error),
      });
    }
    const stop = this.keeper.open(experiment);
    if (stop) this.#stops.push(stop);
    this.#stops.push(this.#judgement.start(host.clock));
    this.#arm();
  }

  /** Takes one comparison. Never throws. */
  record(sample: Sample): void {
    // From before the last change, or of another version: no evidence for what runs now.
    if (sample.epoch !== this.#snapshot.epoch || !this.keeper.known || !this.isCurrent()) return;
    this.#silence.sampled();
    this.#judgement.record(sample);
  }

  /** Whether a key is one of those that the first step chooses. Never throws. */
  isChosen(key: string): boolean {
    return isChosen(this.#settings.chosen, key, (error) => this.#host?.onFault("rollout", error));
  }

  /** Whether this process runs the present version, under the present steps. */
  isCurrent(): boolean {
    return this.keeper.state.candidateVersion === this.#version && this.#strange === undefined;
  }

  status(): RampStatus {
    const { state, synchronized } = this.keeper;
    return {
      state: shownState(state),
      running: this.snapshot,
      limitedBySource: this.#limited,
      synchronized,
      stale: this.keeper.isStale(),
      verdict: this.verdict(),
    };
  }

  verdict(): Verdict {
    return withStanding(this.#judgement.verdict(this.#isJudge), this.keeper.state, this.#version);
  }

  /** What this process's part of the verdict rests on, for records. */
  basis(): CandidateBasis {
    const { standing, reasons } = this.verdict();
    return {
      ...this.#judgement.basis(),
      ...(standing !== undefined && { standing: { is: standing, reason: reasons[0]! } }),
    };
  }

  on(listener: (event: RolloutEvent) => void): Cancel {
    return this.#events.on(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    await Promise.all([this.keeper.leave(), this.#judge?.release()]);
  }

  /** Whether this process's evidence is that of the present state. */
  get #mayJudge(): boolean {
    return !this.#closed && this.keeper.synchronized && this.isCurrent() && !this.#limited;
  }

  get #isJudge(): boolean {
    return this.#judge?.isHolder === true;
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
    const now = this.keeper.now();
    // While the store does not tell the state, nothing is compared, and that has to be said too.
    const expected = (this.#snapshot.compare > 0 || !this.keeper.known) && this.isCurrent();
    const told = this.#silence.check(now, this.#host?.calls() ?? 0, expected);
    if (told) this.#tellHere(told.kind, now, told.reason);
    this.#judgement.check();
  }

  #exchanged({ verdict, judge, presentHeardAt }: SyncedState): void {
    this.#judgement.arrived();
    if (verdict) this.#judgement.take(verdict);
    const monotonic = (this.#host?.clock ?? systemClock).monotonic();
    const request =
      this.#strange === undefined &&
      this.#versions.requestOf(this.keeper.state, this.#version, presentHeardAt, this.keeper.now(), monotonic);
    if (request) this.#request(request);
    if (!this.#closed) void this.#judge?.look(judge);
  }

  /** An experiment was defined again with this ramp: under another version, or under none, its candidate may be other code. */
  #redefined(): void {
    if (this.isCurrent() && this.#version !== undefined) return;
    this.#request(this.#versions.newVersion(this.#version, this.keeper.now(), "The experiment was defined anew."));
  }

  /** Asks in the ramp's own name; what the state refuses is left. */
  #request(request: Omit<RolloutRequest, "by">): void {
    const version = this.#version === undefined ? {} : { version: this.#version };
    const own: RolloutRequest = { ...version, ...request, by: "ramp" };
    if (refusalOf(this.keeper.state, own) === undefined) void this.keeper.apply(own);
  }

  #changed(before: RolloutState, news: readonly RolloutChange[], isFirst: boolean): void {
    const next = this.keeper.state;
    if (next.id !== before.id || isFirst) {
      const strange = strangeIn(next, this.#settings, this.#version);
      if (strange !== undefined && strange !== this.#strange)
        this.#host?.onFault("store", new SidelaneError("invalid-state", strange));
      this.#strange = strange;
      const { epoch, since } = evidenceOf(next);
      if (isFirst || epoch !== evidenceOf(before).epoch) this.#judgement.startAfresh(since);
      else this.#judgement.goesOn();
      this.#refresh();
    }
    for (const change of news) this.#tell(change);
  }

  #onSource(): void {
    const before = this.#snapshot;
    this.#sourceChanges++;
    this.#refresh();
    const after = this.#snapshot;
    if (before.stage === after.stage && before.share === after.share) return;
    const at = this.keeper.now();
    this.#judgement.startAfresh(at);
    const kind = lesserOf(before, after) === before ? "advanced" : "rolled-back";
    this.#tell({ kind, from: before, to: after, at, by: "source", reason: "The source changed." });
  }

  /** Works out what runs. */
  #refresh(): void {
    const { state, known } = this.keeper;
    const granted = this.#grants(known ? state : undefined);
    const epoch = (known ? state.epoch : 0) + this.#sourceChanges;
    const { source } = this.#settings;
    const running = runningOf(granted, source, this.#snapshot, epoch, (error) => this.#host?.onFault("source", error));
    this.#snapshot = running.snapshot;
    this.#staleSnapshot = snapshotOf("shadow", 0, 0, running.snapshot.compare);
    this.#limited = running.limited;
  }

  #grants(state: GrantingState | undefined): RolloutSnapshot {
    return grantedBy(state, this.#strange === undefined ? this.#version : null, this.#settings.compare);
  }

  #tellHere(kind: RolloutEvent["kind"], at: number, reason: string): void {
    const here = servedStage(this.keeper.state);
    this.#tell({ kind, from: here, to: here, at, by: "ramp", reason });
  }

  #tell(change: Parameters<RampEvents["tellChange"]>[0]): void {
    this.#events.tellChange(change, this.keeper.state, this.#experiment ?? "", this.#host);
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) tried(stop, (error) => this.#host?.onFault("rollout", error));
  }
}
