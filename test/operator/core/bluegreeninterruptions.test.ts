import { describe, expect, test } from "@jest/globals";
import { blueGreen, held, previewed, traffic } from "./bluegreenscene.ts";
import { fewestServing, installed, ready } from "./canaryscene.ts";
import type { Simulation } from "./simulation/simulation.ts";

/** What the app is like later. */
interface Later {
  readonly seconds: number;
  readonly traffic: "stable" | "candidate";
  readonly ready: { readonly stable: number; readonly candidate: number };
  /** What the status has, among other fields. */
  readonly status: object;
}

/** Checks that no moment had fewer pods than the app needs, and what the app is like after them. */
function expectLater(simulation: Simulation, later: Later): void {
  expect(fewestServing(simulation, later.seconds)).toBe(4);
  expect({ traffic: traffic(simulation), ready: ready(simulation) }).toEqual({
    traffic: later.traffic,
    ready: later.ready,
  });
  expect(simulation.app.status).toMatchObject(later.status);
}

const both = { stable: 4, candidate: 4 };
const preview = { stable: 4, candidate: 1 };
const rest = { stable: 4, candidate: 0 };

describe("in the preview", () => {
  test("`paused` holds the promotion, and the message says so", () => {
    const simulation = previewed();
    simulation.annotate("paused", "true");
    simulation.annotate("promote", "2/2");
    const status = { message: expect.stringContaining("and so is its promotion"), step: { index: 2 } };
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: preview, status });
  });

  test("previewReplicas are edited: the preview follows, and the step stays", () => {
    const simulation = previewed();
    simulation.edit(blueGreen({ autoPromote: false, previewReplicas: 3 }));
    const status = { candidate: { rollout: 2 }, step: { index: 2 } };
    expectLater(simulation, { seconds: 30, traffic: "stable", ready: { stable: 4, candidate: 3 }, status });
  });

  test("an abort: the candidate and its Service go, and the stable version serves", () => {
    const simulation = previewed();
    simulation.annotate("abort", "2");
    expectLater(simulation, { seconds: 30, traffic: "stable", ready: rest, status: { phase: "Degraded" } });
    expect(simulation.candidate).toBeUndefined();
    expect(simulation.cluster.get("Service", "web-preview")).toBeUndefined();
  });

  test("the version never becomes ready: it is rejected at the deadline, without any traffic", () => {
    const simulation = installed(blueGreen());
    simulation.edit({ image: "never:1" });
    const status = { phase: "Degraded", rejected: [{ image: "never:1" }] };
    expectLater(simulation, { seconds: 120, traffic: "stable", ready: rest, status });
  });

  test("a quota refuses pods of the full size: no switch and no verdict, and the rollout goes on with room", () => {
    const simulation = previewed({ holdSeconds: 300 });
    simulation.cluster.podQuota = 6;
    simulation.annotate("promote", "2/2");
    const blocked = { rejected: [], blockers: [{ reason: "QuotaExceeded" }, { reason: "DeadlinePassed" }] };
    const few = { stable: 4, candidate: 2 };
    expectLater(simulation, { seconds: 120, traffic: "stable", ready: few, status: blocked });
    simulation.cluster.podQuota = Infinity;
    expectLater(simulation, { seconds: 60, traffic: "candidate", ready: both, status: { phase: "Paused" } });
  });

  test("the preview Service is deleted: it is created again", () => {
    const simulation = previewed();
    const live = simulation.cluster.get("Service", "web-preview");
    if (live) simulation.cluster.delete(live);
    simulation.settle();
    expect(simulation.cluster.get("Service", "web-preview")).toBeDefined();
  });

  test("the preview's name is taken, by an object with the operator's labels: it stays, and the rollout goes on", () => {
    const simulation = installed(blueGreen({ holdSeconds: 300 }));
    const { cluster } = simulation;
    const { labels } = cluster.get("Service", "web")?.metadata ?? {};
    const metadata = { name: "web-preview", namespace: simulation.app.namespace, ...(labels && { labels }) };
    const spec = { selector: { app: "other" }, ports: [{ port: 80 }] };
    cluster.apply({ apiVersion: "v1", kind: "Service", metadata, spec }, "kubectl");
    simulation.edit({ image: "good:1" });
    const status = { blockers: [{ reason: "NameTaken", object: "Service/web-preview" }] };
    expectLater(simulation, { seconds: 60, traffic: "candidate", ready: both, status });
    expect(cluster.get("Service", "web-preview")).toMatchObject({ spec: { selector: { app: "other" } } });
  });
});

describe("in the hold", () => {
  test("the candidate's Deployment is deleted: the stable version serves at once, and the steps start over", () => {
    const simulation = held();
    if (simulation.candidate) simulation.cluster.delete(simulation.candidate);
    simulation.settle();
    expect(traffic(simulation)).toBe("stable");
    // The promotion past step 2 still counts.
    expectLater(simulation, {
      seconds: 60,
      traffic: "candidate",
      ready: both,
      status: { step: { index: 5 } },
    });
  });

  test("the candidate's ControllerRevision is deleted: the stable version serves, and the steps start over", () => {
    const simulation = held();
    const [live] = simulation.revisions.flatMap(({ image, live }) => (image === "good:1" ? [live] : []));
    const object = simulation.cluster.get("ControllerRevision", live?.metadata.name ?? "");
    if (object) simulation.cluster.delete(object);
    const status = { candidate: { rollout: 3 }, step: { index: 2 } };
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: preview, status });
  });

  test("holdSeconds is edited: the hold ends at the new time", () => {
    const simulation = held();
    simulation.edit(blueGreen({ holdSeconds: 1 }));
    const status = { phase: "Healthy", stable: { image: "good:1", rollout: 2 } };
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: rest, status });
  });

  test("suspended: nothing is written, and the hold ends after it", () => {
    const simulation = held();
    simulation.edit({ suspend: true });
    const suspended = { phase: "Suspended" };
    expectLater(simulation, { seconds: 400, traffic: "candidate", ready: both, status: suspended });
    simulation.edit({ suspend: false });
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: rest, status: { phase: "Healthy" } });
  });

  test("scaled to 0: the outcome stays open, and the hold goes on with the pods", () => {
    const simulation = held();
    simulation.edit({ replicas: 0 });
    simulation.pass(30);
    expect(ready(simulation)).toEqual({ stable: 0, candidate: 0 });
    simulation.pass(90);
    simulation.edit({ replicas: 4 });
    simulation.settle();
    // The time without pods is longer than the deadline, and does not count.
    expect(simulation.app.status?.phase).toBe("Progressing");
    simulation.pass(30);
    const status = { candidate: { rollout: 2 }, step: { index: 5 } };
    expectLater(simulation, { seconds: 1, traffic: "candidate", ready: both, status });
  });
});

describe("before and after", () => {
  test("the strategy becomes BlueGreen in a rolling update: the stable version returns, then the steps begin", () => {
    const simulation = installed({ strategy: { type: "RollingUpdate" } });
    simulation.edit({ image: "good:1" });
    simulation.pass(4);
    simulation.edit(blueGreen({ autoPromote: false }));
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: preview, status: { phase: "Paused" } });
  });

  test("a new version while the one before is promoted: it waits, and then takes all steps", () => {
    const simulation = held();
    simulation.annotate("promote", "2/all");
    simulation.pass(2);
    simulation.edit({ image: "good:2" });
    const status = { stable: { image: "good:1" }, candidate: { image: "good:2" }, step: { index: 2 } };
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: preview, status });
  });

  test("the old image after the hold: it takes all steps, as a new version does", () => {
    const simulation = held();
    simulation.annotate("promote", "2/all");
    simulation.pass(60);
    simulation.edit({ image: "good:0" });
    const status = { phase: "Paused", candidate: { image: "good:0", rollout: 3 }, step: { index: 2 } };
    expectLater(simulation, { seconds: 60, traffic: "stable", ready: preview, status });
  });
});
