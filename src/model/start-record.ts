/** A rule of `knownMismatches` that ends: as it is named in code, and from when on its mismatches count again. */
export interface RuleEnd {
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly until: number;
}

/** What one experiment was defined with, as records say it. */
export interface StartedExperiment {
  readonly owner?: string;
  readonly link?: string;
  /** When it should be over, in milliseconds since 1970. */
  readonly until?: number;
  /** The share of calls that are compared. */
  readonly sample: number;
  readonly candidates: readonly string[];
  /** Which code the candidates are. */
  readonly version?: string;
  /** What its verdict is held to: by name the tolerated rate. */
  readonly gates: Readonly<Record<string, number>>;
  /** Those of its rules that end; absent where none does. */
  readonly knownMismatches?: readonly RuleEnd[];
}

/** What a process is, and what it was told to do. Written when it begins, and again when it defines further experiments. */
export interface StartRecord {
  readonly v: 2;
  readonly type: "start";
  /** The prefix of its results' ids, another one after each start. */
  readonly process: string;
  /** The label `build`. */
  readonly build?: string;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly versions: { readonly sidelane: string; readonly node?: string };
  readonly experiments: Readonly<Record<string, StartedExperiment>>;
}
