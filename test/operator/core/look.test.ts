import { describe, expect, test } from "@jest/globals";
import { followedPods, isWarm } from "../../../operator/core/analysis/pods.ts";
import { renderAnalysis, storedAnalysis } from "../../../operator/core/analysis/state.ts";
import { textsOf } from "../../../operator/core/analysis/verdict.ts";
import { at, pod, startMs } from "./objects.ts";
import { Rounds, address, b, counted, next } from "./rounds.ts";

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

test("all pods were replaced: the message has the limit instead of a bound", () => {
  const rounds = new Rounds({ latency: { aboveMilliseconds: 300, max: "1%" } });
  const read = (total: number): Rounds => {
    const reading = counted([total, 0], { durations: { tellsRoutes: true, total, atMost: { 0.3: total } } });
    return rounds.read({ a: reading, b: reading });
  };
  const { analysis, settings } = read(0) && read(100);
  expect(analysis.metrics).toHaveProperty("latency");
  const { message } = textsOf({ ...analysis, baselines: [] }, settings)("latency");
  expect(message).toMatch(/^0 of 100 requests took more than 0.3 s \(0 %; stable 0 %, limit 1 %\)/);
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

test("a time that somebody changed to none that exists: the evidence starts anew", () => {
  const { analysis, settings } = new Rounds().count([0, 0], [0, 0]).count([50, 0], [20, 0]);
  const stored = renderAnalysis(analysis, textsOf(analysis, settings));
  const at = "2026-01-01T00:00:00+99:00";
  expect(storedAnalysis({ ...stored, at })).toBeUndefined();
  expect(storedAnalysis({ ...stored, pods: stored.pods.map((one) => ({ ...one, at })) })).toBeUndefined();
});
