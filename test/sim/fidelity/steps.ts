import { type Fields, fieldsOf } from "../apiserver/json.ts";
import type { Reply, Step } from "./wire.ts";

/** A step, or how to make it from the answers so far. */
export type NextStep = Step | ((answers: readonly Reply[]) => Step);

export interface Script {
  readonly name: string;
  readonly steps: readonly NextStep[];
}

export const deployments = "/apis/apps/v1/namespaces/{ns}/deployments";
export const services = "/api/v1/namespaces/{ns}/services";
export const configMaps = "/api/v1/namespaces/{ns}/configmaps";
export const demoApps = "/apis/demoapp.dev/v1/namespaces/{ns}/demoapps";

export const container = (extra: Fields = {}): Fields => ({
  name: "app",
  image: "registry.local/app:1",
  ...extra,
});

export const deployment = (
  name: string,
  spec: Fields = {},
  containers: readonly Fields[] = [container()],
): Fields => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, labels: { app: name } },
  spec: {
    // Nothing is to roll: the controllers' own writes would come between the steps.
    replicas: 0,
    paused: true,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers, volumes: [{ name: "tmp", emptyDir: {} }] },
    },
    ...spec,
  },
});

export const configMap = (name: string, data: Fields, metadata: Fields = {}): Fields => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const demoApp = (name: string, spec: Fields = {}): Fields => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  metadata: { name },
  spec: { image: "registry.local/app:1", ...spec },
});

export const get = (path: string): Step => ({ method: "GET", path });
export const post = (path: string, body: unknown): Step => ({ method: "POST", path, body });
export const put = (path: string, body: unknown): Step => ({ method: "PUT", path, body });
export const remove = (path: string, body?: unknown): Step => ({ method: "DELETE", path, body });
export const merge = (path: string, body: unknown): Step => ({ method: "PATCH", path, body, type: "merge" });
export const json = (path: string, body: unknown): Step => ({ method: "PATCH", path, body, type: "json" });
export const apply = (path: string, body: unknown, query = "fieldManager=one"): Step => ({
  method: "PATCH",
  path: `${path}?${query}`,
  body,
  type: "apply",
});

export const versionOf = (reply: Reply | undefined): unknown =>
  fieldsOf(fieldsOf(reply?.body)["metadata"])["resourceVersion"];

const probe = { httpGet: { path: "/health", port: "http" }, initialDelaySeconds: 0, periodSeconds: 3 };
export const rich = container({
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
