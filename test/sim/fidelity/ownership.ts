import {
  type Script,
  apply,
  bareDeployment,
  configMap,
  container,
  demoApp,
  deployment,
  get,
  json,
  merge,
  post,
  put,
  richContainer,
} from "./steps.ts";

const byHand = { name: "BY_HAND", value: "1" };
const side = { name: "side", image: "registry.local/side:1" };

/** Server-side apply and managedFields. */
export const ownership: readonly Script[] = [
  {
    name: "a Deployment is applied: the server sets defaults, and the applier owns only the applied fields",
    steps: [
      apply(deployment("applied", { minReadySeconds: 0 }, [richContainer])),
      apply(deployment("applied", { minReadySeconds: 0 }, [richContainer])),
      get("Deployment/applied"),
    ],
  },
  {
    name: "a Deployment is created: its creator owns all fields, defaults included",
    steps: [
      post(deployment("created", {}, [richContainer])),
      post(deployment("created-2"), "Deployment?fieldManager=two"),
    ],
  },
  {
    name: "an applier omits fields that it applied before: the server removes them and keeps other managers' fields",
    steps: [
      apply(
        deployment("shrunk", { minReadySeconds: 5 }, [
          richContainer,
          container({ name: "extra", env: [{ name: "X", value: "1" }] }),
        ]),
      ),
      merge("Deployment/shrunk", {
        metadata: { labels: { mine: "yes" } },
        spec: { revisionHistoryLimit: 3 },
      }),
      json("Deployment/shrunk", [
        { op: "add", path: "/spec/template/spec/containers/0/env/-", value: byHand },
      ]),
      apply(deployment("shrunk", {}, [container({ env: [{ name: "A", value: "2" }] })])),
      get("Deployment/shrunk"),
    ],
  },
  {
    name: "an apply changes fields of another manager: conflict without force, new owner with force",
    steps: [
      apply(deployment("contested", { minReadySeconds: 5 })),
      merge("Deployment/contested?fieldManager=kubectl-edit", {
        spec: {
          minReadySeconds: 7,
          template: { spec: { containers: [container({ image: "registry.local/app:2" })] } },
        },
      }),
      apply(deployment("contested", { minReadySeconds: 9 })),
      apply(deployment("contested", { minReadySeconds: 7 }), "fieldManager=two"),
      apply(deployment("contested", { minReadySeconds: 9 }), "fieldManager=one&force=true"),
    ],
  },
  {
    name: "two appliers own a field: the server removes the field after both omit it",
    steps: [
      apply(configMap("shared", { a: "1", b: "1" })),
      apply(configMap("shared", { a: "1" }), "fieldManager=two"),
      apply(configMap("shared", { b: "1" })),
      apply(configMap("shared", {}), "fieldManager=two"),
      apply(configMap("shared")),
    ],
  },
  {
    name: "a write changes nothing: the resourceVersion stays",
    steps: [
      apply(configMap("same", { a: "1" })),
      apply(configMap("same", { a: "1" })),
      merge("ConfigMap/same", { data: { a: "1" } }),
      merge("ConfigMap/same", { data: { a: "2" } }),
      put(configMap("same", { a: "2" })),
      apply(demoApp("same", { replicas: 2 })),
      apply(demoApp("same", { replicas: 2 })),
      apply(demoApp("same")),
      merge("DemoApp/same/status", { status: { phase: "Healthy" } }),
      merge("DemoApp/same/status", { status: { phase: "Healthy" } }),
      merge("DemoApp/same", { spec: { replicas: 2 } }),
    ],
  },
  {
    name: "an apply has no manager, sets managedFields or has another name than its URL: the server refuses it",
    steps: [
      apply(configMap("nobody", {}), ""),
      apply(configMap("nobody", {}, { managedFields: [] })),
      apply(configMap("somebody", {}), "fieldManager=one", "ConfigMap/nobody"),
    ],
  },
  {
    name: "a second manager applies other fields of a Deployment: no conflict",
    steps: [
      apply(deployment("two", {}, [richContainer])),
      apply(
        bareDeployment(
          { name: "two", annotations: { note: "x" } },
          { spec: { template: { spec: { containers: [side] } } } },
        ),
        "fieldManager=two",
      ),
      apply(deployment("two", {}, [richContainer])),
      apply(bareDeployment({ name: "two" }), "fieldManager=two"),
    ],
  },
  {
    name: "another manager edits a DemoApp: its applier loses only the edited fields",
    steps: [
      apply(demoApp("edited", { env: [{ name: "A", value: "1" }], pod: { labels: { a: "b" } } })),
      merge("DemoApp/edited?fieldManager=edit", { spec: { image: "registry.local/app:2" } }),
      apply(demoApp("edited", { env: [] })),
      apply(demoApp("edited"), "fieldManager=one&force=true"),
    ],
  },
];
