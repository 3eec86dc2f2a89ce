import { describe, expect, test } from "@jest/globals";
import { withReadings } from "../../../operator/core/analysis/look.ts";
import { type Measuring, followedPods, isWarm } from "../../../operator/core/analysis/pods.ts";
import {
  type Analysis,
  firstAnalysis,
  renderAnalysis,
  storedAnalysis,
} from "../../../operator/core/analysis/state.ts";
import { textsOf } from "../../../operator/core/analysis/verdict.ts";
import type { Counters, Reading } from "../../../operator/core/counters.ts";
import { analysisOf } from "../../../operator/core/defaults.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { at, pod, revision, running, spec, startMs } from "./objects.ts";

const [old, next] = [revision("app:1", 1, "accepted"), revision("app:2", 2)];
const address = "192.0.2.3";
const a = pod("a", old, { address });
const b = pod("b", next, { address, track: "candidate" });

const settingsOf = (analysis: object) => {
  const settings = analysisOf(spec({ strategy: { type: "Canary" }, analysis }));
  if (settings === undefined) throw new Error("the spec has an analysis");
  return settings;
};

type Count = readonly [requests: number, failed: number];
const counted = ([requests, failed]: Count, more: Partial<Counters> = {}): Reading => ({
  counters: { requests, failed, tellsRoutes: true, ...more },
});

/** An analysis that is read every 10 s. */
class Rounds {
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

  /** Counters of the stable pod and of the candidate's. */
  count(stable: Count, candidate: Count): this {
    return this.read({ a: counted(stable), b: counted(candidate) });
  }

  get errors() {
    const { total, evidence } = this.analysis.metrics.errors ?? {};
    return total && { ...total, looks: evidence?.looks };
  }
}

const totals = (stable: Count, candidate: Count, looks: number) => ({
  stable: { requests: stable[0], failed: stable[1] },
  candidate: { requests: candidate[0], failed: candidate[1] },
  looks,
});

describe("what is counted", () => {
  test("the first reading of a pod is its baseline", () => {
    expect(new Rounds().count([1000, 90], [500, 400]).errors).toBeUndefined();
  });

  test("a look has the requests since the one before", () => {
    const rounds = new Rounds().count([1000, 90], [500, 400]).count([1100, 91], [520, 402]);
    expect(rounds.errors).toEqual(totals([100, 1], [20, 2], 1));
  });

  test("a look with fewer than 5 requests stays open, and its requests add up", () => {
    const rounds = new Rounds().count([0, 0], [0, 0]).count([50, 0], [4, 1]);
    expect(rounds.errors).toBeUndefined();
    expect(rounds.count([100, 0], [8, 2]).errors).toEqual(totals([100, 0], [8, 2], 1));
  });

  test("a pod without an answer: nothing is counted, and the next look has it all", () => {
    const rounds = new Rounds().count([0, 0], [0, 0]);
    rounds.read({ a: counted([50, 0]), b: { problem: "no answer within 2 s" } });
    expect(rounds.analysis.problem).toEqual({ reason: "NoMetrics", message: "pod b: no answer within 2 s" });
    expect(rounds.errors).toBeUndefined();
    expect(rounds.count([100, 0], [40, 4]).errors).toEqual(totals([100, 0], [40, 4], 1));
    expect(rounds.analysis.problem).toBeUndefined();
  });

  test("a container restarted: its counters start again at 0, and its end counts as a failed request", () => {
    const rounds = new Rounds().count([0, 0], [100, 0]);
    const terminated = { reason: "Error", exitCode: 1, message: "", at: at(5) };
    const container = { ...running("app", at(6)), restarts: 1, terminated };
    rounds.pods = [a, { ...b, containers: [container] }];
    expect(rounds.count([50, 0], [3, 0]).errors).toBeUndefined();
    expect(rounds.count([100, 0], [13, 0]).errors).toEqual(totals([100, 0], [11, 1], 1));
    expect(rounds.count([150, 0], [23, 0]).errors).toEqual(totals([150, 0], [21, 1], 2));
  });

  test("a container that ended without an error counts as no failure", () => {
    const rounds = new Rounds().count([0, 0], [100, 0]);
    const terminated = { reason: "Completed", exitCode: 0, message: "", at: at(5) };
    rounds.pods = [a, { ...b, containers: [{ ...running("app", at(6)), restarts: 1, terminated }] }];
    expect(rounds.count([50, 0], [3, 0]).count([100, 0], [13, 0]).errors).toEqual(
      totals([100, 0], [10, 0], 1),
    );
  });

  test("a counter that falls without a restart is reported, and counting begins anew", () => {
    const rounds = new Rounds().count([100, 0], [100, 0]).count([200, 0], [5, 0]);
    expect(rounds.analysis.problem?.message).toBe(
      "pod b: a counter has fallen although the container did not restart",
    );
    expect(rounds.errors).toBeUndefined();
    expect(rounds.count([300, 0], [25, 0]).errors).toEqual(totals([200, 0], [20, 0], 1));
  });

  test("a pod that is gone takes its last requests along", () => {
    const rounds = new Rounds();
    const c = pod("c", next, { address, track: "candidate" });
    rounds.pods = [a, b, c];
    rounds.read({ a: counted([0, 0]), b: counted([0, 0]), c: counted([0, 0]) });
    rounds.pods = [a, b];
    expect(rounds.count([50, 0], [20, 0]).errors).toEqual(totals([50, 0], [20, 0], 1));
    expect(rounds.analysis.baselines.map(({ uid }) => uid)).toEqual(["uid-a", "uid-b"]);
  });

  test("without labels of routes, probes and scrapes are taken off, but never failures", () => {
    const rounds = new Rounds({}, { ownPerSecond: 0.5 });
    const read = (stable: Count, candidate: Count): Rounds =>
      rounds.read({
        a: counted(stable, { tellsRoutes: false }),
        b: counted(candidate, { tellsRoutes: false }),
      });
    read([0, 0], [0, 0]);
    expect(read([50, 0], [8, 7]).errors).toEqual(totals([45, 0], [7, 7], 1));
  });

  test("no ready stable pod: the candidate's requests alone close a look", () => {
    const rounds = new Rounds();
    rounds.pods = [{ ...a, ready: false }, b];
    rounds.read({ b: counted([0, 0]) }).read({ b: counted([20, 1]) });
    expect(rounds.errors).toEqual(totals([0, 0], [20, 1], 1));
  });

  test("stable pods that warm up: no look closes", () => {
    const rounds = new Rounds();
    rounds.pods = [{ ...a, readinessSince: at(-5) }, b];
    expect(rounds.read({ b: counted([0, 0]) }).read({ b: counted([20, 1]) }).errors).toBeUndefined();
  });
});

describe("slow requests", () => {
  const latency = { latency: { aboveMilliseconds: 300, max: "1%" } };
  const slow = (total: number, atMost: Readonly<Record<string, number>>): Reading =>
    counted([total, 0], { durations: { tellsRoutes: true, total, atMost } });

  test("they are those above the smallest bound that all pods have", () => {
    const rounds = new Rounds(latency)
      .read({ a: slow(0, { 0.3: 0, 0.5: 0 }), b: slow(0, { 0.5: 0, 1: 0 }) })
      .read({ a: slow(100, { 0.3: 90, 0.5: 99 }), b: slow(50, { 0.5: 30, 1: 50 }) });
    expect(rounds.analysis.metrics.latency?.total).toEqual({
      stable: { requests: 100, failed: 1 },
      candidate: { requests: 50, failed: 20 },
    });
  });
});

describe("the pods that are read", () => {
  const many = Array.from({ length: 15 }, (_, i) => pod(`p${i}`, next, { address, track: "candidate" }));

  test("at most 10 of a track, which stay the same while they exist", () => {
    const { measuring } = new Rounds();
    const first = followedPods(measuring, many);
    expect(first).toHaveLength(10);
    const rounds = new Rounds();
    rounds.pods = many;
    rounds.read(Object.fromEntries(first.map(({ name }) => [name, counted([0, 0])])));
    const others = many.filter((one) => one !== first[0]);
    const later = followedPods(rounds.measuring, others);
    expect(later).toHaveLength(10);
    expect(later).toEqual(expect.arrayContaining(first.slice(1)));
  });

  test.each([
    ["of another revision", { hash: "other" }],
    ["that terminates", { deleting: true }],
  ])("not a pod %s", (_, more) => {
    expect(followedPods(new Rounds().measuring, [{ ...b, ...more }])).toEqual([]);
  });

  test.each([
    ["not a pod that is not ready", { ready: false }, false],
    ["not a pod on the host's network", { address: undefined }, false],
    ["not in the first 30 s after it became ready", { readinessSince: at(-29) }, false],
    ["from 30 s after it became ready", { readinessSince: at(-30) }, true],
  ])("%s", (_, more, expected) => {
    expect(isWarm({ ...b, ...more }, startMs)).toBe(expected);
  });
});

test("the status stores the whole state", () => {
  const rounds = new Rounds({ latency: { aboveMilliseconds: 300, max: "1%" } });
  const read = (total: number): Rounds =>
    rounds.read({
      a: counted([total, 1], { durations: { tellsRoutes: true, total, atMost: { 0.3: total } } }),
      b: counted([total, 3], { durations: { tellsRoutes: true, total, atMost: { 0.3: total - 1 } } }),
    });
  read(10);
  read(100);
  read(150);
  const { analysis, settings } = rounds;
  const stored = renderAnalysis(analysis, textsOf(analysis, settings));
  const again = storedAnalysis(stored);
  expect(again && renderAnalysis(again, textsOf(again, settings))).toEqual(stored);
  expect(again).toMatchObject({ load: analysis.load, baselines: analysis.baselines, rollout: 2 });
});

test.each(["", "1 2 3", "a b", "1 ".repeat(16).concat("NaN"), "-1 ".repeat(17).trim()])(
  "evidence that somebody changed to %j: the evidence starts anew",
  (evidence) => {
    const { analysis, settings } = new Rounds().count([0, 0], [0, 0]).count([50, 0], [20, 0]);
    const stored = renderAnalysis(analysis, textsOf(analysis, settings));
    expect(
      storedAnalysis({ ...stored, metrics: stored.metrics.map((metric) => ({ ...metric, evidence })) }),
    ).toBeUndefined();
  },
);
