import { withReadings } from "../../../operator/core/analysis/look.ts";
import type { Measuring } from "../../../operator/core/analysis/pods.ts";
import { type Analysis, firstAnalysis } from "../../../operator/core/analysis/state.ts";
import type { Counters, Reading } from "../../../operator/core/counters.ts";
import { analysisOf } from "../../../operator/core/defaults.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { pod, revision, spec, startMs } from "./objects.ts";

const old = revision("app:1", 1, "accepted");
export const next = revision("app:2", 2);
export const address = "192.0.2.3";
export const a = pod("a", old, { address });
export const b = pod("b", next, { address, track: "candidate" });

const settingsOf = (analysis: object) => {
  const settings = analysisOf(spec({ strategy: { type: "Canary" }, analysis }));
  if (settings === undefined) throw new Error("the spec has an analysis");
  return settings;
};

export type Count = readonly [requests: number, failed: number];
export const counted = ([requests, failed]: Count, more: Partial<Counters> = {}): Reading => ({
  counters: { requests, failed, tellsRoutes: true, ...more },
});

/** An analysis that is read every 10 s. */
export class Rounds {
  analysis: Analysis;
  pods: readonly Pod[] = [a, b];
  readonly settings;
  #nowMs = startMs;
  readonly #more: Partial<Measuring>;

  constructor(analysis: object = {}, more: Partial<Measuring> = {}) {
    this.settings = settingsOf(analysis);
    this.analysis = firstAnalysis(2, this.settings, startMs);
    this.#more = more;
  }

  get measuring(): Measuring {
    const { settings, analysis } = this;
    const hashes = { stable: old.hash, candidate: next.hash };
    return { settings, analysis, hashes, ownPerSecond: 0, ...this.#more };
  }

  /** The readings of pods by name. */
  read(readings: Readonly<Record<string, Reading>>): this {
    const byUid = new Map(Object.entries(readings).map(([name, reading]) => [`uid-${name}`, reading]));
    this.analysis = withReadings(this.measuring, { pods: this.pods, readings: byUid, nowMs: this.#nowMs });
    this.#nowMs += 10_000;
    return this;
  }

  /** Moves the clock forward, or back by negative seconds. */
  moveClock(seconds: number): this {
    this.#nowMs += seconds * 1000;
    return this;
  }

  /** Counters of the stable pod and of the candidate's. */
  count(stable: Count, candidate: Count): this {
    return this.read({ a: counted(stable), b: counted(candidate) });
  }

  get errors() {
    const { total, evidence } = this.analysis.metrics.errors ?? {};
    return total && { ...total, looks: evidence?.looks };
  }
}

export const totals = (stable: Count, candidate: Count, looks: number) => ({
  stable: { requests: stable[0], failed: stable[1] },
  candidate: { requests: candidate[0], failed: candidate[1] },
  looks,
});
