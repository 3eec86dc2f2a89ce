import { describe, expect, test } from "@jest/globals";
import type { Reading } from "../../../operator/core/counters.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { at, pod, running } from "./objects.ts";
import { type Count, Rounds, a, address, b, counted, next, totals } from "./rounds.ts";

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

  test("a container that ended once with an error, after others without: one failed request", () => {
    const ended = (restarts: number, exitCode: number): Pod => {
      const terminated = { reason: "", exitCode, message: "", at: at(5) };
      return { ...b, containers: [{ ...running("app", at(restarts)), restarts, terminated }] };
    };
    const rounds = new Rounds();
    rounds.pods = [a, ended(5, 0)];
    rounds.count([0, 0], [0, 0]);
    rounds.pods = [a, ended(6, 0)];
    rounds.count([50, 0], [0, 0]);
    rounds.pods = [a, ended(7, 1)];
    expect(rounds.count([100, 0], [0, 0]).count([150, 0], [10, 0]).errors).toEqual(
      totals([150, 0], [11, 1], 1),
    );
  });

  test("a pod that became ready anew: its first reading after that is its baseline", () => {
    const rounds = new Rounds().count([0, 0], [100, 0]);
    rounds.pods = [a, { ...b, ready: false, readinessSince: at(5) }];
    rounds.read({ a: counted([50, 0]) });
    rounds.pods = [a, { ...b, readinessSince: at(15) }];
    rounds.moveClock(30).count([100, 0], [200, 90]);
    expect(rounds.errors).toBeUndefined();
    expect(rounds.count([150, 0], [220, 91]).errors).toEqual(totals([150, 0], [20, 1], 1));
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

  test("without labels of routes, a clock that was set back adds no requests", () => {
    const rounds = new Rounds({}, { ownPerSecond: 0.5 });
    const read = (stable: Count, candidate: Count): Rounds =>
      rounds.read({
        a: counted(stable, { tellsRoutes: false }),
        b: counted(candidate, { tellsRoutes: false }),
      });
    read([0, 0], [0, 0]).moveClock(-3600);
    expect(read([50, 0], [20, 1]).errors).toEqual(totals([50, 0], [20, 1], 1));
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

  test("the requests have labels of routes, the histogram has none: probes and scrapes are taken off", () => {
    const rounds = new Rounds(latency, { ownPerSecond: 0.5 });
    const untold = (total: number, fast: number): Reading =>
      counted([total, 0], { durations: { tellsRoutes: false, total, atMost: { 0.3: fast } } });
    rounds.read({ a: untold(0, 0), b: untold(0, 0) }).read({ a: untold(100, 100), b: untold(50, 48) });
    expect(rounds.analysis.metrics).toMatchObject({
      errors: { total: { stable: { requests: 100 }, candidate: { requests: 50 } } },
      latency: { total: { stable: { requests: 95 }, candidate: { requests: 45, failed: 2 } } },
    });
  });

  test("a pod without a request yet: its histogram has every bound, and counts from 0", () => {
    const rounds = new Rounds(latency)
      .read({ a: slow(100, { 0.3: 100 }), b: slow(0, {}) })
      .read({ a: slow(200, { 0.3: 200 }), b: slow(20, { 0.3: 15 }) });
    expect(rounds.analysis.metrics.latency?.total.candidate).toEqual({ requests: 20, failed: 5 });
  });

  test("histograms without a bound in common: nothing is counted, and the problem says so", () => {
    const rounds = new Rounds(latency)
      .read({ a: slow(0, { 0.3: 0 }), b: slow(0, { 0.5: 0 }) })
      .read({ a: slow(100, { 0.3: 90 }), b: slow(50, { 0.5: 30 }) });
    expect(rounds.errors).toBeUndefined();
    expect(rounds.analysis.problem).toEqual({
      reason: "NoMetrics",
      message: "the pods' histograms http_request_duration_seconds have no bound in common from 0.3 s on",
    });
  });

  test("a histogram that falls without a restart is reported", () => {
    const rounds = new Rounds(latency).read({ a: slow(100, { 0.3: 100 }), b: slow(100, { 0.3: 90 }) }).read({
      a: slow(200, { 0.3: 200 }),
      b: counted([200, 0], { durations: { tellsRoutes: true, total: 50, atMost: { 0.3: 50 } } }),
    });
    expect(rounds.analysis.problem?.message).toBe(
      "pod b: a counter has fallen although the container did not restart",
    );
  });

  test("buckets that were read one after the other: slow requests are never fewer than before", () => {
    const rounds = new Rounds(latency)
      .read({ a: slow(100, { 0.3: 100 }), b: slow(100, { 0.3: 90 }) })
      .read({ a: slow(200, { 0.3: 202 }), b: slow(200, { 0.3: 191 }) });
    const total = { stable: { requests: 100, failed: 0 }, candidate: { requests: 100, failed: 0 } };
    expect(rounds.analysis.metrics.latency?.total).toEqual(total);
    rounds.read({ a: slow(300, { 0.3: 300 }), b: slow(300, { 0.3: 289 }) });
    expect(rounds.analysis.metrics.latency?.total.candidate).toEqual({ requests: 200, failed: 1 });
  });

  test("requests whose durations are not counted: after a minute, the problem says so", () => {
    const rounds = new Rounds(latency);
    for (let n = 0; n < 8; n += 1)
      rounds.read({
        a: slow(n * 100, { 0.3: n * 100 }),
        b: counted([n * 100, 0], { durations: { tellsRoutes: true, total: 0, atMost: {} } }),
      });
    expect(rounds.analysis.problem).toMatchObject({
      reason: "NoMetrics",
      message: expect.stringMatching(
        /^the histograms http_request_duration_seconds of the new version have counted fewer than 5 requests/,
      ),
    });
  });
});
