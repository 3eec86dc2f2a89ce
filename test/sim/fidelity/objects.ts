import {
  type Script,
  apply,
  configMap,
  demoApp,
  demoAppWith,
  get,
  merge,
  post,
  put,
  remove,
  service,
} from "./steps.ts";

const otherUid = "11111111-1111-4111-8111-111111111111";
const healthy = { status: { phase: "Healthy" } };
const ready = {
  type: "Ready",
  status: "True",
  reason: "Healthy",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

/** Reads, creations, updates, deletions and lists of objects. */
export const objects: readonly Script[] = [
  {
    name: "an object, kind, group or namespace does not exist: the server answers NotFound",
    steps: [
      get("Deployment/none"),
      get("ConfigMap/none"),
      get("/apis/apps/v1/namespaces/{ns}/nones"),
      get("/apis/none.example/v1/things"),
      remove("ConfigMap/none"),
      merge("ConfigMap/none", { data: {} }),
      put(demoApp("none")),
      apply({ ...demoApp("none"), ...healthy }, "fieldManager=one", "DemoApp/none/status"),
      post(configMap("a", {}), "/api/v1/namespaces/none-such/configmaps"),
    ],
  },
  {
    name: "an object is created twice: the second creation fails, and a read returns the first object",
    steps: [
      post(configMap("once", { a: "1" })),
      post(configMap("once", { a: "2" })),
      get("ConfigMap/once"),
      post({ apiVersion: "v1", kind: "ConfigMap", metadata: {} }),
      post({ apiVersion: "v2", kind: "ConfigMap", metadata: { name: "x" } }),
    ],
  },
  {
    name: "an update has an old resourceVersion or another uid: conflict",
    steps: [
      post(configMap("versions", { a: "1" })),
      put(configMap("versions", { a: "2" }, { resourceVersion: "{0.resourceVersion}" })),
      put(configMap("versions", { a: "3" }, { resourceVersion: "{0.resourceVersion}" })),
      put(configMap("versions", { b: "1" })),
      put(configMap("other", { b: "1" }), "ConfigMap/versions"),
      put(configMap("versions", { b: "1" }, { uid: otherUid, resourceVersion: "{3.resourceVersion}" })),
    ],
  },
  {
    name: "a custom object is updated without resourceVersion: the server refuses the update",
    steps: [
      post(demoApp("replaced")),
      put(demoApp("replaced", { replicas: 3 })),
      put(demoApp("replaced", { replicas: 3 }, { resourceVersion: "{0.resourceVersion}" })),
    ],
  },
  {
    name: "objects are deleted: the server checks preconditions and answers with a Status or the object",
    steps: [
      post(configMap("gone", {})),
      remove("ConfigMap/gone", { preconditions: { uid: otherUid } }),
      remove("ConfigMap/gone", { preconditions: { resourceVersion: "1" } }),
      remove("ConfigMap/gone"),
      post(demoApp("gone")),
      remove("DemoApp/gone", { propagationPolicy: "Background" }),
      post(service("gone", { ports: [{ port: 80 }] })),
      remove("Service/gone"),
    ],
  },
  {
    name: "an object with finalizers is deleted: it stays until a client removes the finalizers",
    steps: [
      post(configMap("held", {}, { finalizers: ["example.dev/hold"] })),
      remove("ConfigMap/held"),
      remove("ConfigMap/held"),
      merge("ConfigMap/held", { metadata: { finalizers: null } }),
      get("ConfigMap/held"),
    ],
  },
  {
    name: "a list has selectors: the server selects by labels and fields",
    steps: [
      post(configMap("l1", {}, { labels: { list: "a", tier: "x" } })),
      post(configMap("l2", {}, { labels: { list: "a", tier: "y" } })),
      post(configMap("l3", {}, { labels: { list: "b" } })),
      get("ConfigMap?labelSelector=list%3Da"),
      get(`ConfigMap?labelSelector=${encodeURIComponent("list=a,tier=y")}`),
      get("ConfigMap?fieldSelector=metadata.name%3Dl2"),
    ],
  },
  {
    name: "a list has a limit: all pages have the resourceVersion of the first page",
    steps: [
      post(demoApp("p1")),
      post(demoApp("p2")),
      post(demoApp("p3")),
      get("DemoApp?limit=2"),
      get("DemoApp?limit=2&continue={3.continue}"),
    ],
  },
  {
    name: "a DemoApp has a status: only /status writes it, and only the spec starts a new generation",
    steps: [
      apply(demoApp("app")),
      merge("DemoApp/app", healthy),
      apply(
        demoAppWith("app", {
          spec: { image: "ignored" },
          status: { phase: "Healthy", observedGeneration: 1, conditions: [ready] },
        }),
        "fieldManager=status",
        "DemoApp/app/status",
      ),
      apply(
        demoAppWith("app", { status: { phase: "Progressing" } }),
        "fieldManager=status",
        "DemoApp/app/status",
      ),
      merge("DemoApp/app", { spec: { replicas: 4 } }),
      merge("DemoApp/app", { metadata: { annotations: { a: "b" } } }),
      get("DemoApp/app"),
    ],
  },
];
