import {
  apply,
  configMap,
  configMaps,
  container,
  demoApp,
  demoApps,
  deployment,
  deployments,
  get,
  json,
  merge,
  post,
  put,
  rich,
  type Script,
} from "./steps.ts";

/** Server-side apply and managedFields. */
export const ownership: readonly Script[] = [
  {
    name: "an applied Deployment is completed, and owned by its applier as far as it goes",
    steps: [
      apply(`${deployments}/applied`, deployment("applied", { minReadySeconds: 0 }, [rich])),
      apply(`${deployments}/applied`, deployment("applied", { minReadySeconds: 0 }, [rich])),
      get(`${deployments}/applied`),
    ],
  },
  {
    name: "a created Deployment is owned by its creator with its defaults",
    steps: [
      post(deployments, deployment("created", {}, [rich])),
      post(`${deployments}?fieldManager=two`, deployment("created-2")),
    ],
  },
  {
    name: "an applier takes back what it no longer wants, and leaves what others own",
    steps: [
      apply(
        `${deployments}/shrunk`,
        deployment("shrunk", { minReadySeconds: 5 }, [
          rich,
          container({ name: "extra", env: [{ name: "X", value: "1" }] }),
        ]),
      ),
      merge(`${deployments}/shrunk`, {
        metadata: { labels: { mine: "yes" } },
        spec: { revisionHistoryLimit: 3 },
      }),
      json(`${deployments}/shrunk`, [
        { op: "add", path: "/spec/template/spec/containers/0/env/-", value: { name: "BY_HAND", value: "1" } },
      ]),
      apply(
        `${deployments}/shrunk`,
        deployment("shrunk", {}, [container({ env: [{ name: "A", value: "2" }] })]),
      ),
      get(`${deployments}/shrunk`),
    ],
  },
  {
    name: "an apply that changes what others own is a conflict unless it is forced",
    steps: [
      apply(`${deployments}/contested`, deployment("contested", { minReadySeconds: 5 })),
      merge(`${deployments}/contested?fieldManager=kubectl-edit`, {
        spec: {
          minReadySeconds: 7,
          template: { spec: { containers: [container({ image: "registry.local/app:2" })] } },
        },
      }),
      apply(`${deployments}/contested`, deployment("contested", { minReadySeconds: 9 })),
      apply(`${deployments}/contested`, deployment("contested", { minReadySeconds: 7 }), "fieldManager=two"),
      apply(
        `${deployments}/contested`,
        deployment("contested", { minReadySeconds: 9 }),
        "fieldManager=one&force=true",
      ),
    ],
  },
  {
    name: "two appliers share a field, and it goes when both have let go",
    steps: [
      apply(`${configMaps}/shared`, configMap("shared", { a: "1", b: "1" })),
      apply(`${configMaps}/shared`, configMap("shared", { a: "1" }), "fieldManager=two"),
      apply(`${configMaps}/shared`, configMap("shared", { b: "1" })),
      apply(`${configMaps}/shared`, configMap("shared", {}), "fieldManager=two"),
      apply(`${configMaps}/shared`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "shared" } }),
    ],
  },
  {
    name: "a write of nothing new makes no new version",
    steps: [
      apply(`${configMaps}/same`, configMap("same", { a: "1" })),
      apply(`${configMaps}/same`, configMap("same", { a: "1" })),
      merge(`${configMaps}/same`, { data: { a: "1" } }),
      merge(`${configMaps}/same`, { data: { a: "2" } }),
      put(`${configMaps}/same`, configMap("same", { a: "2" })),
      apply(`${demoApps}/same`, demoApp("same", { replicas: 2 })),
      apply(`${demoApps}/same`, demoApp("same", { replicas: 2 })),
      apply(`${demoApps}/same`, demoApp("same")),
      merge(`${demoApps}/same/status`, { status: { phase: "Healthy" } }),
      merge(`${demoApps}/same/status`, { status: { phase: "Healthy" } }),
      merge(`${demoApps}/same`, { spec: { replicas: 2 } }),
    ],
  },
  {
    name: "an apply needs a manager, and leaves managedFields alone",
    steps: [
      apply(`${configMaps}/nobody`, configMap("nobody", {}), ""),
      apply(`${configMaps}/nobody`, configMap("nobody", {}, { managedFields: [] })),
      apply(`${configMaps}/nobody`, configMap("somebody", {})),
    ],
  },
  {
    name: "a second applier of the same Deployment fights nothing that it does not set",
    steps: [
      apply(`${deployments}/two`, deployment("two", {}, [rich])),
      apply(
        `${deployments}/two`,
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "two", annotations: { note: "x" } },
          spec: { template: { spec: { containers: [{ name: "side", image: "registry.local/side:1" }] } } },
        },
        "fieldManager=two",
      ),
      apply(`${deployments}/two`, deployment("two", {}, [rich])),
      apply(
        `${deployments}/two`,
        { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "two" } },
        "fieldManager=two",
      ),
    ],
  },
];
