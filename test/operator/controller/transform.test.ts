import { describe, expect, test } from "@jest/globals";
import { manifestOf } from "../../../operator/controller/children.ts";
import {
  appOf,
  podOf,
  scalerOf,
  storedStatusOf,
  type Scaler,
} from "../../../operator/controller/transform.ts";
import { Store } from "../../../operator/runtime/store.ts";
import { usedHeap } from "../../support/heap.ts";

const metadata = { namespace: "team", name: "web", uid: "1", resourceVersion: "1", generation: 3 };
const demoApp = (spec: unknown) => ({ apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec });

describe("cache transforms", () => {
  test("a DemoApp: its spec has defaults", () => {
    const { spec, problems, generation } = appOf(demoApp({ image: "app:1" }));
    expect({ replicas: spec?.replicas, problems, generation }).toEqual({
      replicas: 2,
      problems: [],
      generation: 3,
    });
  });

  test("the same generation: the spec is not parsed again; another generation or uid: parsed again", () => {
    const first = appOf(demoApp({ image: "app:1" }));
    expect(appOf(demoApp({ image: "app:1" }), first).spec).toBe(first.spec);
    for (const other of [{ generation: 4 }, { uid: "2" }])
      expect(
        appOf({ ...demoApp({ image: "app:2" }), metadata: { ...metadata, ...other } }, first).spec?.image,
      ).toBe("app:2");
  });

  test("the status is parsed once for an object, and not again while it is equal; another one or none is parsed", () => {
    const stored = (message: string) => ({ ...demoApp({ image: "app:1" }), status: { message } });
    const object = stored("a");
    const first = appOf(object);
    expect(storedStatusOf(object)).toBe(first.status);
    expect(appOf(stored("a"), first).status).toBe(first.status);
    expect(appOf(stored("b"), first).status).toEqual({ message: "b" });
    expect(appOf(demoApp({ image: "app:1" }), first).status).toBeUndefined();
    expect(appOf({ ...object, status: "none" }).status).toBeUndefined();
  });

  test("a stored DemoApp is invalid: it has problems instead of a spec", () => {
    const { spec, problems } = appOf(demoApp({ image: "app:1", replicas: -1 }));
    expect(spec).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ path: "spec.replicas" })]);
  });

  test("a DemoApp's annotations: keeps those that the operator reads, or says that it no longer reads", () => {
    const annotations = {
      "demoapp.dev/abort": "3",
      "demoapp.dev/adopt": "service",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
    };
    const object = demoApp({ image: "app:1" });
    expect(appOf({ ...object, metadata: { ...metadata, annotations } }).annotations).toEqual({
      "demoapp.dev/abort": "3",
      "demoapp.dev/adopt": "service",
    });
  });

  test("a container waits after a crash: the pod has the last termination too", () => {
    const terminated = {
      reason: "Error",
      exitCode: 3,
      message: "no /data",
      finishedAt: "2026-01-01T00:00:00Z",
    };
    const containerStatuses = [
      {
        name: "app",
        restartCount: 2,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated },
      },
    ];
    const conditions = [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" },
    ];
    const pod = podOf({ apiVersion: "v1", kind: "Pod", metadata, status: { conditions, containerStatuses } });
    expect(pod).toMatchObject({ ready: false, unschedulable: "0/1 nodes" });
    expect(pod.containers[0]).toMatchObject({
      restarts: 2,
      waiting: { reason: "CrashLoopBackOff" },
      terminated: { exitCode: 3, message: "no /data" },
    });
  });

  test.each([
    {
      name: "a ReplicaSet of the app's Deployment controls the pod",
      kind: "ReplicaSet",
      of: "web-5d4f",
      app: "web",
    },
    { name: "a ReplicaSet of another Deployment controls the pod", kind: "ReplicaSet", of: "other-5d4f" },
    { name: "a ReplicaSet with another hash controls the pod", kind: "ReplicaSet", of: "web-77aa" },
    { name: "a StatefulSet controls the pod", kind: "StatefulSet", of: "web-5d4f" },
    {
      name: "the ReplicaSet owns the pod, but does not control the pod",
      kind: "ReplicaSet",
      of: "web-5d4f",
      controller: false,
    },
    { name: "nothing owns the pod, as kubectl debug --copy-to leaves a copy" },
  ])("$name: the pod's app is $app", ({ kind, of = "", controller = true, app }) => {
    const reference = { apiVersion: "apps/v1", kind: kind ?? "", name: of, uid: "2", controller };
    const labels = { "app.kubernetes.io/name": "web", "pod-template-hash": "5d4f" };
    const ownerReferences = kind === undefined ? [] : [reference];
    const pod = podOf({ apiVersion: "v1", kind: "Pod", metadata: { ...metadata, labels, ownerReferences } });
    expect(pod.app).toBe(app);
  });

  test("a pod on the host's network has the address of its node: no address to read counters from", () => {
    const status = { hostIP: "192.0.2.1", podIP: "192.0.2.1" };
    expect(podOf({ apiVersion: "v1", kind: "Pod", metadata, status }).address).toBeUndefined();
  });

  test("a scheduler's message of 9,000 characters, and a restart annotation: cut to 1,024 and 64", () => {
    const long = "x".repeat(9000);
    const conditions = [{ type: "PodScheduled", reason: "Unschedulable", message: long }];
    const annotations = { "demoapp.dev/restarted-at": long };
    const pod = podOf({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, annotations },
      status: { conditions },
    });
    expect([pod.unschedulable?.length, pod.restarts.length]).toEqual([1024, 64]);
  });

  test("a cut text: the cache does not keep the whole text in memory", () => {
    const before = usedHeap();
    const kept = Array.from({ length: 300 }, (_, index) => {
      const message = `${index} ${"x".repeat(1_000_000)}`;
      const state = { waiting: { reason: "CreateContainerError", message: message.toUpperCase() } };
      const status = { containerStatuses: [{ name: "app", state }] };
      return podOf({ apiVersion: "v1", kind: "Pod", metadata, status });
    });
    expect(usedHeap() - before).toBeLessThan(50_000_000);
    expect(kept).toHaveLength(300);
  });

  test("a termination message of 9,000 characters: cut to 1,024", () => {
    const state = { terminated: { reason: "Error", exitCode: 1, message: "x".repeat(9000), finishedAt: "" } };
    const pod = podOf({
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      status: { containerStatuses: [{ name: "app", state }] },
    });
    expect(pod.containers[0]?.terminated?.message).toHaveLength(1024);
  });

  const scaler = (kind: string, target: string, extra: Record<string, unknown> = {}) => {
    const spec = { scaleTargetRef: { kind, name: target }, ...extra };
    return scalerOf({ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata, spec });
  };

  test("a HorizontalPodAutoscaler: keeps only its name and the Deployment that it targets", () => {
    const own = { namespace: "team", name: "web" };
    expect(scaler("Deployment", "web")).toEqual({ ...own, deployment: "web" });
    expect(scaler("StatefulSet", "web")).toEqual({ ...own, deployment: undefined });
  });

  test.each([
    { kind: "StatefulSet", maxMb: 4 },
    { kind: "Deployment", maxMb: 12 },
  ])("10,000 HorizontalPodAutoscalers of a long $kind name: below $maxMb MB in the cache", (limit) => {
    const before = usedHeap();
    const store = new Store<Scaler>({
      byKey: ({ deployment }) => (deployment === undefined ? [] : [`team/${deployment}`]),
    });
    for (let at = 0; at < 10_000; at += 1) {
      const target = `${at} ${"x".repeat(5000)}`.toUpperCase();
      store.set("team", `scaler-${at}`, scaler(limit.kind, target, { metrics: [{ type: target }] }));
    }
    expect(usedHeap() - before).toBeLessThan(limit.maxMb * 1_000_000);
    expect(store.size).toBe(10_000);
  });
});

describe("a DemoApp with a large pod template", () => {
  test("the template has more than 4000 values: the spec is invalid, and the problem names their number", () => {
    const env = Array.from({ length: 200 }, (_, at) => ({ name: `V${at}`, value: "x" }));
    const sidecars = Array.from({ length: 7 }, (_, at) => ({ name: `s${at}`, env }));
    expect(appOf(demoApp({ image: "app:1", pod: { sidecars: sidecars.slice(1) } })).problems).toEqual([]);
    expect(appOf(demoApp({ image: "app:1", pod: { sidecars } })).problems).toEqual([
      {
        path: "spec.pod.sidecars",
        message: expect.stringMatching(
          /^the pod template has 4\d{3} values and may have at most 4000: move some of the 42\d\d values of this field/,
        ) as unknown,
      },
    ]);
  });

  const read = (characters: number) => {
    const args = Array.from({ length: 8 }, () => "a".repeat(characters));
    return appOf(demoApp({ image: "app:1", pod: { args } }));
  };

  test("the template has less than 256 KiB: the spec is valid", () => {
    expect(read(32_000)).toMatchObject({ problems: [], spec: { image: "app:1" } });
  });

  test("the template has more than 256 KiB: the spec is invalid, and the problem names the size and the field", () => {
    expect(read(32_768)).toMatchObject({
      spec: undefined,
      problems: [
        {
          path: "spec.pod.args",
          message:
            "the pod template has 258 KiB and may have at most 256 KiB: move some of the 257 KiB of this field to a ConfigMap or a volume",
        },
      ],
    });
  });
});

const unclean = "a\n\u202Eb\u001B";

test("messages of containers, the scheduler and the API server: clean in the caches", () => {
  const terminated = { reason: "Error", exitCode: 1, message: unclean };
  const { containers, unschedulable } = podOf({
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    status: {
      conditions: [{ type: "PodScheduled", reason: "Unschedulable", message: unclean }],
      containerStatuses: [
        { name: "app", state: { waiting: { reason: "x", message: unclean } }, lastState: { terminated } },
      ],
    },
  });
  expect(unschedulable).toBe("a b");
  expect(containers[0]).toMatchObject({ waiting: { message: "a b" }, terminated: { message: "a b" } });
  const condition = { type: "ReplicaFailure", message: `${unclean}: Invalid value: "s3cret": no` };
  const kind = "Deployment";
  const { status } = manifestOf({
    apiVersion: "apps/v1",
    kind,
    metadata,
    status: { conditions: [condition] },
  });
  expect(status).toEqual({ conditions: [{ type: "ReplicaFailure", message: "a b : Invalid value: no" }] });
});
