import { type Fields, fieldsOf, textOf } from "../apiserver/json.ts";
import type { Step } from "./wire.ts";

/** A list of requests; the fake and the real API server must give the same answers. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

const collections: Readonly<Record<string, string>> = {
  ConfigMap: "/api/v1/namespaces/{ns}/configmaps",
  Service: "/api/v1/namespaces/{ns}/services",
  ControllerRevision: "/apis/apps/v1/namespaces/{ns}/controllerrevisions",
  Deployment: "/apis/apps/v1/namespaces/{ns}/deployments",
  DemoApp: "/apis/demoapp.dev/v1/namespaces/{ns}/demoapps",
};

/** Replaces the kind at the start of a path such as `ConfigMap/web?fieldManager=one` by its collection's path. */
const pathOf = (text: string): string => text.replace(/^\w+/, (kind) => collections[kind] ?? kind);

export const get = (path: string): Step => ({ method: "GET", path: pathOf(path) });
export const remove = (path: string, body?: Fields): Step => ({ method: "DELETE", path: pathOf(path), body });
/** Creates an object, by default in the collection of its kind. */
export const post = (body: Fields, path = String(body["kind"])): Step => ({
  method: "POST",
  path: pathOf(path),
  body,
});
const pathTo = ({ kind, metadata }: Fields): string =>
  `${String(kind)}/${textOf(fieldsOf(metadata)["name"])}`;
export const put = (body: Fields, path = pathTo(body)): Step => ({ method: "PUT", path: pathOf(path), body });
const patch =
  (type: "merge" | "json" | "apply") =>
  (path: string, body: unknown): Step => ({ method: "PATCH", path: pathOf(path), body, type });
export const merge = patch("merge");
export const json = patch("json");
export const apply = (body: Fields, query = "fieldManager=one", path = pathTo(body)): Step =>
  patch("apply")(`${path}?${query}`, body);

export const container = (extra: Fields = {}): Fields => ({
  name: "app",
  image: "registry.local/app:1",
  ...extra,
});

export const bareDeployment = (metadata: Fields, content: Fields = {}): Fields => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  ...content,
});

/** A Deployment without pods: writes of the real controllers must not come between the steps. */
export const deployment = (name: string, extra: Fields = {}, containers = [container()]): Fields => {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers, volumes: [{ name: "tmp", emptyDir: {} }] } };
  const spec = { replicas: 0, paused: true, selector: { matchLabels: labels }, template, ...extra };
  return bareDeployment({ name, labels }, { spec });
};

export const configMap = (name: string, data?: Fields, metadata: Fields = {}): Fields => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const service = (name: string, spec: Fields): Fields => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec,
});

export const controllerRevision = (revision: number, annotations: Fields, containers: Fields[]): Fields => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: { name: "r1", annotations },
  revision,
  data: { template: { spec: { containers } } },
});

export const demoAppWith = (name: string, content: Fields, metadata: Fields = {}): Fields => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  metadata: { name, ...metadata },
  ...content,
});

export const demoApp = (name: string, spec: Fields = {}, metadata: Fields = {}): Fields =>
  demoAppWith(name, { spec: { image: "registry.local/app:1", ...spec } }, metadata);

const probe = { httpGet: { path: "/health", port: "http" }, initialDelaySeconds: 0, periodSeconds: 3 };
/** A container with zero values, fields that get defaults, and quantities that are not canonical. */
export const richContainer = container({
  command: [],
  ports: [{ name: "http", containerPort: 8080 }],
  env: [
    { name: "A", value: "" },
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  ],
  resources: { requests: { cpu: "1000m", memory: "1024Mi" }, limits: { cpu: "1.5", memory: "2048Mi" } },
  livenessProbe: probe,
  readinessProbe: { tcpSocket: { port: 8080 }, failureThreshold: 1 },
  startupProbe: { grpc: { port: 9000 } },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  volumeMounts: [{ name: "tmp", mountPath: "/tmp", readOnly: false }],
  securityContext: { capabilities: { drop: ["ALL"] }, readOnlyRootFilesystem: true },
  terminationMessagePolicy: "FallbackToLogsOnError",
});
