import type { Fields } from "../../../operator/core/manifest.ts";

/** Fields of the spec before and after an edit. */
export interface Edit {
  readonly name: string;
  readonly before: Fields;
  readonly after: Fields;
  /** Part of the pod spec after the edit. */
  readonly pod: Fields;
}

const main = (image: string, fields: Fields = {}): Fields => ({ image, ...fields });
const withPod = (pod: Fields): Fields => main("app:1", { pod });
const containerOf = (fields: Fields): Fields => ({ containers: [{ name: "app", ...fields }] });

const sidecar = (image: string): Fields => withPod({ sidecars: [{ name: "proxy", image }] });
const init = (image: string): Fields => withPod({ initContainers: [{ name: "migrate", image }] });
const initOf = (name: string, imagePullPolicy: string): Fields => ({
  initContainers: [{ name, imagePullPolicy }],
});

const volume = (source: Fields): Fields => withPod({ volumes: [{ name: "data", ...source }] });
const volumeOf = (source: Fields): Fields => ({ volumes: [{ name: "demoapp-tmp" }, source] });
const artifact = (reference: string): Fields => volume({ image: { reference } });
const configMap = { configMap: { name: "data" } };

const env = (entry: Fields): Fields => main("app:1", { env: [{ name: "A", ...entry }] });
const fieldRef = { valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };

const account = (name: string): Fields => withPod({ serviceAccountName: name });
const limits = (quantities: Fields): Fields => withPod({ sidecars: [{ ...proxy, resources: quantities }] });
const proxy = { name: "proxy", image: "proxy:1" };

/** Edits of fields from which the API server derives other fields. */
export const derivedEdits: readonly Edit[] = [
  {
    name: "the image leaves the tag latest",
    before: main("app:latest"),
    after: main("app:1"),
    pod: containerOf({ imagePullPolicy: "IfNotPresent" }),
  },
  {
    name: "the image gets the tag latest",
    before: main("app:1"),
    after: main("app:latest"),
    pod: containerOf({ imagePullPolicy: "Always" }),
  },
  {
    name: "the image loses its tag",
    before: main("registry.local:5000/app:1"),
    after: main("registry.local:5000/app"),
    pod: containerOf({ imagePullPolicy: "Always" }),
  },
  {
    name: "the image gets a digest instead of a tag",
    before: main("app"),
    after: main(`app@sha256:${"a".repeat(64)}`),
    pod: containerOf({ imagePullPolicy: "IfNotPresent" }),
  },
  {
    name: "the image gets a digest and keeps the tag latest",
    before: main("app:1"),
    after: main(`app:latest@sha256:${"a".repeat(64)}`),
    pod: containerOf({ imagePullPolicy: "Always" }),
  },
  {
    name: "imagePullPolicy is removed",
    before: withPod({ imagePullPolicy: "Always" }),
    after: withPod({}),
    pod: containerOf({ imagePullPolicy: "IfNotPresent" }),
  },
  {
    name: "the image of a sidecar leaves the tag latest",
    before: sidecar("proxy:latest"),
    after: sidecar("proxy:1"),
    pod: initOf("proxy", "IfNotPresent"),
  },
  {
    name: "the image of an init container gets the tag latest",
    before: init("migrate:1"),
    after: init("migrate"),
    pod: initOf("migrate", "Always"),
  },
  {
    name: "the reference of an image volume gets the tag latest",
    before: artifact("data:1"),
    after: artifact("data:latest"),
    pod: volumeOf({ image: { pullPolicy: "Always" } }),
  },
  {
    name: "a volume without a source gets one",
    before: volume({}),
    after: volume(configMap),
    pod: volumeOf(configMap),
  },
  {
    name: "a volume loses its source",
    before: volume(configMap),
    after: volume({}),
    pod: volumeOf({ emptyDir: {} }),
  },
  {
    name: "a volume gets another source",
    before: volume({ secret: { secretName: "data" } }),
    after: volume(configMap),
    pod: volumeOf(configMap),
  },
  {
    name: "an emptyDir loses its size limit",
    before: volume({ emptyDir: { sizeLimit: "1Gi" } }),
    after: volume({}),
    pod: volumeOf({ emptyDir: {} }),
  },
  { name: "serviceAccountName is removed", before: account("first"), after: withPod({}), pod: {} },
  {
    name: "serviceAccountName is added",
    before: withPod({}),
    after: account("first"),
    pod: { serviceAccountName: "first", serviceAccount: "first" },
  },
  {
    name: "serviceAccountName changes",
    before: account("first"),
    after: account("second"),
    pod: { serviceAccountName: "second", serviceAccount: "second" },
  },
  {
    name: "a variable gets a value instead of a source",
    before: env(fieldRef),
    after: env({ value: "1" }),
    pod: containerOf({ env: [{ name: "A", value: "1" }] }),
  },
  {
    name: "a probe gets another handler",
    before: main("app:1", { probes: { liveness: {} } }),
    after: main("app:1", { probes: { liveness: { tcp: {} } } }),
    pod: containerOf({ livenessProbe: { tcpSocket: { port: "http" } } }),
  },
  {
    name: "a probe is disabled",
    before: main("app:1"),
    after: main("app:1", { probes: { liveness: { disabled: true } } }),
    pod: {},
  },
  {
    name: "a sidecar's limit without a request changes",
    before: limits({ limits: { cpu: "1" } }),
    after: limits({ limits: { cpu: "2" } }),
    pod: { initContainers: [{ resources: { limits: { cpu: "2" } } }] },
  },
  {
    name: "a lifecycle handler changes",
    before: withPod({ lifecycle: { preStop: { httpGet: { port: 80 } } } }),
    after: withPod({ lifecycle: { preStop: { exec: { command: ["stop"] } } } }),
    pod: containerOf({ lifecycle: { preStop: { exec: { command: ["stop"] } } } }),
  },
];

const fromStale = new Set(["the image leaves the tag latest", "serviceAccountName is removed"]);

/** Edits after which release 0.1.0 left a derived field as it was. */
export const staleEdits = derivedEdits.filter(({ name }) => fromStale.has(name));

const ports = [{ port: 80 }];
const selector = { app: "legacy" };

/** Services of another manager. Each has a field from which the API server derives others. */
export const foreignServices: readonly { readonly name: string; readonly foreign: Fields }[] = [
  { name: "a Service without a targetPort", foreign: { selector, ports } },
  { name: "a Service with session affinity", foreign: { selector, ports, sessionAffinity: "ClientIP" } },
  { name: "a Service of the type NodePort", foreign: { selector, ports, type: "NodePort" } },
  { name: "a Service of the type LoadBalancer", foreign: { selector, ports, type: "LoadBalancer" } },
  {
    name: "a Service of the type ExternalName",
    foreign: { ports, type: "ExternalName", externalName: "legacy.example.com" },
  },
];
