import { describe, expect, test } from "@jest/globals";
import { appOf, manifestOf, podOf, scalerOf } from "../../../operator/controller/transform.ts";

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

  test("a stored DemoApp is invalid: it has problems instead of a spec", () => {
    const { spec, problems } = appOf(demoApp({ image: "app:1", replicas: -1 }));
    expect(spec).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ path: "spec.replicas" })]);
  });

  test("managedFields: entries of status lose their fields but keep their index, which patches use", () => {
    const managedFields = [
      { manager: "kube-controller-manager", subresource: "status", fieldsV1: { "f:status": {} } },
      { manager: "kubectl", fieldsV1: { "f:spec": {} } },
    ];
    const { metadata: kept } = manifestOf({
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, managedFields },
    });
    expect(kept.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ["kube-controller-manager", {}],
      ["kubectl", { "f:spec": {} }],
    ]);
  });

  test.each([
    { levels: 62, named: ["f:spec"] },
    { levels: 9000, named: [] },
  ])("managedFields have $levels levels below f:spec: the fields kept are $named", ({ levels, named }) => {
    const below = JSON.parse(`${'{"f:a":'.repeat(levels)}{}${"}".repeat(levels)}`) as object;
    const managedFields = [{ manager: "kubectl-edit", fieldsV1: { "f:spec": below } }];
    const service = { apiVersion: "v1", kind: "Service", metadata: { ...metadata, managedFields } };
    const [entry] = manifestOf(service).metadata.managedFields ?? [];
    expect(Object.keys(entry?.fieldsV1 ?? {})).toEqual(named);
  });

  test.each<{ name: string; fieldsV1: unknown; kept: object }>([
    {
      name: "keys that are no JSON",
      fieldsV1: { "k:{": {}, "v:{": {}, "f:a": { "k:": {} } },
      kept: { "f:a": {} },
    },
    {
      name: "a key that is no object",
      fieldsV1: { "k:null": {}, "k:5": {}, "v:5": {} },
      kept: { "v:5": {} },
    },
    {
      name: "members of every object",
      fieldsV1: { constructor: {}, ["__proto__"]: {}, "f:constructor": {}, ".": {} },
      kept: { "f:constructor": {}, ".": {} },
    },
    {
      name: "values that are no objects",
      fieldsV1: { "f:a": null, "f:b": [1], "f:c": "x" },
      kept: { "f:a": {}, "f:b": {}, "f:c": {} },
    },
    { name: "no object at all", fieldsV1: "f:spec", kept: {} },
  ])("managedFields with $name: only what a field set can have is kept", ({ fieldsV1, kept }) => {
    const managedFields = [{ manager: "kubectl-edit", fieldsV1: fieldsV1 as object }];
    const service = { apiVersion: "v1", kind: "Service", metadata: { ...metadata, managedFields } };
    expect(manifestOf(service).metadata.managedFields?.[0]?.fieldsV1).toEqual(kept);
  });

  test("equal field sets of two objects: share one object in memory", () => {
    const fieldsOf = (name: string) => {
      const fieldsV1 = { "f:metadata": { [`f:${name}`]: {} }, "f:spec": { "f:replicas": {} } };
      const managedFields = [{ manager: "demoapp-operator", fieldsV1 }];
      return manifestOf({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, managedFields } })
        .metadata.managedFields?.[0]?.fieldsV1;
    };
    const [web, api] = [fieldsOf("web"), fieldsOf("api")];
    expect(web).toEqual({ "f:metadata": { "f:web": {} }, "f:spec": { "f:replicas": {} } });
    expect(api?.["f:spec"]).toBe(web?.["f:spec"]);
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

  test("a HorizontalPodAutoscaler: keeps only its name and target", () => {
    const spec = { scaleTargetRef: { kind: "Deployment", name: "web" } };
    expect(
      scalerOf({ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata, spec }),
    ).toEqual({
      namespace: "team",
      name: "web",
      targetKind: "Deployment",
      targetName: "web",
    });
  });
});

describe("a DemoApp with a large pod template", () => {
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
