import { expect, test } from "@jest/globals";
import { Measurer } from "../../../operator/controller/measure.ts";
import { type Measuring, lookMs } from "../../../operator/core/analysis/pods.ts";
import { firstAnalysis } from "../../../operator/core/analysis/state.ts";
import { analysisOf } from "../../../operator/core/defaults.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { ScrapeError, type Target } from "../../../operator/runtime/scrape.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { pod, revision, spec, startMs } from "../core/objects.ts";

const key = "team/web";
const [old, next] = [revision("app:1", 1, "accepted"), revision("app:2", 2)];
const a = pod("a", old, { address: "192.0.2.3" });
const b = pod("b", next, { address: "192.0.2.4", track: "candidate" });

const metric = "http_requests_total";

function measuringOf(rollout = 2, analysis: object = {}): Measuring {
  const settings = analysisOf(spec({ strategy: { type: "Canary" }, analysis }));
  if (settings === undefined) throw new Error("the spec has an analysis");
  const hashes = { stable: old.hash, candidate: next.hash };
  return { settings, analysis: firstAnalysis(rollout, settings, startMs), hashes, ownPerSecond: 0 };
}

/** A measurer with pods whose counters grow by 20 a reading. */
class Scene {
  readonly clock = new VirtualClock(startMs);
  readonly targets: Target[] = [];
  readonly queue: string[] = [];
  woken = 0;
  pods: readonly Pod[] = [a, b];
  answer: (target: Target) => Promise<number> = () => Promise.resolve(this.targets.length * 20);
  readonly measurer = new Measurer({
    clock: this.clock,
    scrape: async (target, { onSample }) => {
      this.targets.push(target);
      onSample({ name: metric, labels: { code: "200", route: "/" }, value: await this.answer(target) });
      return new Set([metric]);
    },
    isForbidden: () => false,
    podsOf: () => this.pods,
    queue: {
      addAfter: (added, delayMs) => void this.queue.push(`add ${added} ${delayMs}`),
      forget: (forgotten) => void this.queue.push(`forget ${forgotten}`),
    },
    wake: () => void (this.woken += 1),
  });

  async look(): Promise<unknown> {
    const result = await this.measurer.look(key);
    this.clock.jump(lookMs);
    return result;
  }

  get requests(): number | undefined {
    return this.measurer.analysisOf(key)?.metrics.errors?.total.candidate.requests;
  }
}

test("the pods of both tracks are read every 10 s, and the app is reconciled after each look", async () => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  expect(await scene.look()).toEqual({ requeueAfterMs: lookMs });
  expect(scene.targets).toEqual([
    { address: "192.0.2.3", port: 8080, path: "/metrics" },
    { address: "192.0.2.4", port: 8080, path: "/metrics" },
  ]);
  await scene.look();
  expect(scene.requests).toBe(40);
  expect(scene.woken).toBe(2);
  scene.measurer.follow(key, measuringOf());
  expect(scene.queue).toEqual([`add ${key} 0`, `add ${key} ${lookMs}`]);
});

test("an app that is not measured any more is forgotten, also while its pods answer", async () => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  scene.answer = () => {
    scene.measurer.follow(key, undefined);
    return Promise.resolve(1);
  };
  expect(await scene.look()).toEqual({});
  expect(scene.measurer.analysisOf(key)).toBeUndefined();
  expect(scene.queue.at(-1)).toBe(`forget ${key}`);
  expect(await scene.look()).toEqual({});
  expect(scene.targets).toHaveLength(2);
});

test.each([
  {
    name: "answers more than a second after another one",
    end: () => Promise.resolve(40),
    message: "the answer came more than 1 s after that of another pod",
  },
  {
    name: "does not answer in time",
    end: () => Promise.reject(new ScrapeError("no complete response within 2 s")),
    message: "no complete response within 2 s (port 8080, path /metrics)",
  },
])("a pod $name: the look is not counted, and the problem says why", async ({ end, message }) => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  await scene.look();
  const before = scene.measurer.analysisOf(key);
  scene.answer = async ({ address }) => {
    // The other pod has answered by then.
    await new Promise(setImmediate);
    if (address !== b.address) return 40;
    await new Promise(setImmediate).then(() => scene.clock.jump(1_001));
    return end();
  };
  expect(await scene.look()).toEqual({ requeueAfterMs: lookMs });
  const problem = { reason: "NoMetrics", message: `pod b: ${message}` };
  expect(scene.measurer.analysisOf(key)).toEqual({ ...before, problem });
});

test("a pod that does not answer: the problem names pod, port and path, and the app is reconciled once for it", async () => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  await scene.look();
  scene.answer = () => Promise.reject(new ScrapeError("the connection was refused"));
  await scene.look();
  await scene.look();
  expect(scene.measurer.analysisOf(key)?.problem).toEqual({
    reason: "NoMetrics",
    message: "pod a: the connection was refused (port 8080, path /metrics)",
  });
  expect(scene.woken).toBe(2);
});

test("another rollout while the pods answer: its evidence starts anew", async () => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  await scene.look();
  await scene.look();
  scene.answer = () => {
    scene.measurer.follow(key, measuringOf(3));
    return Promise.resolve(scene.targets.length * 20);
  };
  await scene.look();
  expect(scene.measurer.analysisOf(key)).toMatchObject({ rollout: 3, metrics: {} });
});

test("an unexpected error is not taken for an answer", async () => {
  const scene = new Scene();
  scene.measurer.follow(key, measuringOf());
  scene.answer = () => Promise.reject(new TypeError("a bug"));
  await expect(scene.look()).rejects.toThrow("a bug");
});
