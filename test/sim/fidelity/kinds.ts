import { fieldsOf } from "../apiserver/json.ts";
import {
  type Script,
  deployments,
  services,
  configMaps,
  demoApps,
  deployment,
  configMap,
  demoApp,
  get,
  post,
  merge,
  apply,
} from "./steps.ts";

/** What the server does for one kind alone. */
export const kinds: readonly Script[] = [
  {
    name: "a Service gets addresses and keeps them",
    steps: [
      apply(`${services}/web`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web" },
        spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
      }),
      apply(`${services}/web`, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web" },
        spec: {
          selector: { app: "other" },
          ports: [{ name: "http", port: 81, targetPort: "http", protocol: "TCP" }],
        },
      }),
      merge(`${services}/web`, { spec: { selector: { track: "candidate" } } }),
      post(services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web-2" },
        spec: { ports: [{ port: 80 }] },
      }),
      post(services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web-3" },
        spec: { selector: { a: "b" } },
      }),
    ],
  },
  {
    name: "a Deployment's selector never changes and matches its template",
    steps: [
      post(deployments, deployment("selects")),
      merge(`${deployments}/selects`, { spec: { selector: { matchLabels: { app: "other" } } } }),
      post(deployments, deployment("mismatch", { selector: { matchLabels: { app: "other" } } })),
      post(deployments, deployment("imageless", {}, [{ name: "app" }])),
    ],
  },
  {
    name: "generations count changes of the spec alone, for Deployments of annotations too",
    steps: [
      post(deployments, deployment("generations")),
      merge(`${deployments}/generations`, { metadata: { labels: { a: "b" } } }),
      merge(`${deployments}/generations`, { metadata: { annotations: { a: "b" } } }),
      merge(`${deployments}/generations`, { spec: { minReadySeconds: 3 } }),
      merge(`${deployments}/generations`, { spec: { minReadySeconds: 3 } }),
    ],
  },
  {
    name: "a ControllerRevision's data is frozen, its annotations are not",
    steps: [
      apply("/apis/apps/v1/namespaces/{ns}/controllerrevisions/r1", {
        apiVersion: "apps/v1",
        kind: "ControllerRevision",
        metadata: { name: "r1", annotations: { a: "1" } },
        revision: 1,
        data: { template: { spec: { containers: [{ name: "app" }] } } },
      }),
      apply("/apis/apps/v1/namespaces/{ns}/controllerrevisions/r1", {
        apiVersion: "apps/v1",
        kind: "ControllerRevision",
        metadata: { name: "r1", annotations: { a: "2" } },
        revision: 2,
        data: { template: { spec: { containers: [{ name: "app" }] } } },
      }),
      merge("/apis/apps/v1/namespaces/{ns}/controllerrevisions/r1", {
        data: { template: { spec: { containers: [{ name: "other" }] } } },
      }),
    ],
  },
  {
    name: "scale subresources read and write replicas",
    steps: [
      post(deployments, deployment("scaled")),
      get(`${deployments}/scaled/scale`),
      merge(`${deployments}/scaled/scale`, { spec: { replicas: 0 } }),
      post(demoApps, demoApp("scaled")),
      get(`${demoApps}/scaled/scale`),
      merge(`${demoApps}/scaled/scale?fieldManager=kubectl`, { spec: { replicas: 5 } }),
      get(`${demoApps}/scaled`),
      apply(`${demoApps}/scaled`, demoApp("scaled", { replicas: 3 })),
    ],
  },
];

/** Custom objects. */
export const custom: readonly Script[] = [
  {
    name: "a DemoApp is defaulted, and its status has an endpoint of its own",
    steps: [
      apply(`${demoApps}/app`, demoApp("app")),
      merge(`${demoApps}/app`, { status: { phase: "Healthy" } }),
      apply(
        `${demoApps}/app/status`,
        {
          ...demoApp("app"),
          spec: { image: "ignored" },
          status: {
            phase: "Healthy",
            observedGeneration: 1,
            conditions: [
              {
                type: "Ready",
                status: "True",
                reason: "Healthy",
                message: "",
                lastTransitionTime: "2026-01-01T00:00:00Z",
              },
            ],
          },
        },
        "fieldManager=status",
      ),
      apply(
        `${demoApps}/app/status`,
        {
          apiVersion: "demoapp.dev/v1",
          kind: "DemoApp",
          metadata: { name: "app" },
          status: { phase: "Progressing" },
        },
        "fieldManager=status",
      ),
      merge(`${demoApps}/app`, { spec: { replicas: 4 } }),
      merge(`${demoApps}/app`, { metadata: { annotations: { a: "b" } } }),
      get(`${demoApps}/app`),
    ],
  },
  {
    name: "a DemoApp that others edit loses only what they take",
    steps: [
      apply(
        `${demoApps}/edited`,
        demoApp("edited", { env: [{ name: "A", value: "1" }], pod: { labels: { a: "b" } } }),
      ),
      merge(`${demoApps}/edited?fieldManager=edit`, { spec: { image: "registry.local/app:2" } }),
      apply(`${demoApps}/edited`, demoApp("edited", { env: [] })),
      apply(`${demoApps}/edited`, demoApp("edited"), "fieldManager=one&force=true"),
    ],
  },
];

/** Lists, whole and in pages. */
export const lists: readonly Script[] = [
  {
    name: "lists are selected by labels and fields",
    steps: [
      post(configMaps, configMap("l1", {}, { labels: { list: "a", tier: "x" } })),
      post(configMaps, configMap("l2", {}, { labels: { list: "a", tier: "y" } })),
      post(configMaps, configMap("l3", {}, { labels: { list: "b" } })),
      get(`${configMaps}?labelSelector=list%3Da`),
      get(`${configMaps}?labelSelector=${encodeURIComponent("list in (a,b),tier notin (y)")}`),
      get(`${configMaps}?labelSelector=${encodeURIComponent("list,!tier")}`),
      get(`${configMaps}?labelSelector=${encodeURIComponent("list!=a,list")}`),
      get(`${configMaps}?fieldSelector=metadata.name%3Dl2`),
    ],
  },
  {
    name: "lists come in pages that agree on a version",
    steps: [
      post(demoApps, demoApp("p1")),
      post(demoApps, demoApp("p2")),
      post(demoApps, demoApp("p3")),
      get(`${demoApps}?limit=2`),
      (before) => {
        const token = fieldsOf(fieldsOf(before[3]?.body)["metadata"])["continue"];
        return get(`${demoApps}?limit=2&continue=${encodeURIComponent(String(token))}`);
      },
    ],
  },
];
