import {
  type Script,
  apply,
  controllerRevision,
  demoApp,
  deployment,
  get,
  merge,
  post,
  service,
} from "./steps.ts";

/** Behaviour of single kinds. */
export const kinds: readonly Script[] = [
  {
    name: "a Service is created: the server allocates addresses, and the Service keeps them",
    steps: [
      apply(
        service("web", { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] }),
      ),
      apply(
        service("web", {
          selector: { app: "other" },
          ports: [{ name: "http", port: 81, targetPort: "http", protocol: "TCP" }],
        }),
      ),
      merge("Service/web", { spec: { selector: { track: "candidate" } } }),
      post(service("web-2", { ports: [{ port: 80 }] })),
      post(service("web-3", { selector: { a: "b" } })),
    ],
  },
  {
    name: "a Deployment's selector changes or does not match the template: the server refuses the write",
    steps: [
      post(deployment("selects")),
      merge("Deployment/selects", { spec: { selector: { matchLabels: { app: "other" } } } }),
      post(deployment("mismatch", { selector: { matchLabels: { app: "other" } } })),
      post(deployment("imageless", {}, [{ name: "app" }])),
    ],
  },
  {
    name: "a Deployment changes: only its spec and its annotations start a new generation",
    steps: [
      post(deployment("generations")),
      merge("Deployment/generations", { metadata: { labels: { a: "b" } } }),
      merge("Deployment/generations", { metadata: { annotations: { a: "b" } } }),
      merge("Deployment/generations", { spec: { minReadySeconds: 3 } }),
      merge("Deployment/generations", { spec: { minReadySeconds: 3 } }),
    ],
  },
  {
    name: "a ControllerRevision changes: the server refuses new data and accepts new annotations",
    steps: [
      apply(controllerRevision(1, { a: "1" }, [{ name: "app" }])),
      apply(controllerRevision(2, { a: "2" }, [{ name: "app" }])),
      merge("ControllerRevision/r1", { data: { template: { spec: { containers: [{ name: "other" }] } } } }),
    ],
  },
  {
    name: "a client uses /scale: the endpoint reads and writes replicas",
    steps: [
      post(deployment("scaled")),
      get("Deployment/scaled/scale"),
      merge("Deployment/scaled/scale", { spec: { replicas: 0 } }),
      post(demoApp("scaled")),
      get("DemoApp/scaled/scale"),
      merge("DemoApp/scaled/scale?fieldManager=kubectl", { spec: { replicas: 5 } }),
      get("DemoApp/scaled"),
      apply(demoApp("scaled", { replicas: 3 })),
    ],
  },
];
