import {
  childAnnotations,
  deploymentName,
  labels,
  managedBy,
  revisionName,
} from "../../operator/api/names.ts";
import type { KubeObject } from "../../operator/runtime/kubernetes.ts";
import type { FakeApiServer } from "../sim/apiserver/server.ts";

/** A namespace of a tenant who has no DemoApp. */
const stranger = "stranger";
/** The size of etcd's largest objects is 1.5 MiB. All objects share this text, but not their JSON. */
const chunk = "x".repeat(32_000);
const chunks = (bytes: number): readonly string[] =>
  Array<string>(Math.round(bytes / chunk.length)).fill(chunk);
const large = 1_300_000;
/** A template of this size can be the operator's. */
const credible = 200_000;

const labelsOf = (app: string) => ({ [labels.name]: app, [labels.managedBy]: managedBy });
const numbered = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A ControllerRevision as the operator writes it, with a template that the API server stores, but no operator renders. */
function revisionObject(
  app: string,
  [index, bytes]: readonly [index: number, bytes: number],
  metadata: Partial<KubeObject["metadata"]> = {},
): KubeObject {
  const hash = index.toString(16).padStart(10, "0");
  const own = { ...labelsOf(app), [labels.hash]: hash };
  const containers = [{ name: "app", image: "app:1", args: chunks(bytes) }];
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(app, hash),
      namespace: stranger,
      uid: `uid-${app}-${hash}`,
      labels: own,
      annotations: { [childAnnotations.image]: "app:1" },
      ...metadata,
    },
    revision: index + 1,
    data: { template: { metadata: { labels: own }, spec: { containers } } },
  };
}

/** An object that has the operator's labels and no owner. Its fields and its managedFields are large. */
function unownedObject(kind: "Deployment" | "Service", index: number): KubeObject {
  const name = `unowned-${index}`;
  const fieldsV1 = { "f:spec": Object.fromEntries(numbered(20_000, (field) => [`f:${index}-${field}`, {}])) };
  return {
    apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
    kind,
    metadata: {
      name: kind === "Deployment" ? deploymentName(name, "stable") : name,
      namespace: stranger,
      uid: `uid-${kind}-${name}`,
      labels: labelsOf(name),
      managedFields: [{ manager: "somebody", operation: "Update", fieldsV1 }],
    },
    spec: { replicas: 0, selector: { matchLabels: labelsOf(name) }, junk: chunks(large) },
  };
}

/** A pod of an app's ReplicaSet. Its container and its conditions have large messages. */
function podObject(index: number): KubeObject {
  const message = chunk.repeat(8);
  const state = { waiting: { reason: "CreateContainerError", message } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `pod-${index}`,
      namespace: stranger,
      uid: `uid-pod-${index}`,
      labels: { ...labelsOf("web"), "pod-template-hash": "1" },
      annotations: { "kubectl.kubernetes.io/restartedAt": chunk },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "1", controller: true },
      ],
    },
    status: {
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
      containerStatuses: [{ name: "app", restartCount: 0, ready: false, state, lastState: {} }],
    },
  };
}

/** Stores objects of tenants on the fake API server, as far as its real counterpart accepts their sizes. */
export class Flood {
  readonly #server: FakeApiServer;

  constructor(server: FakeApiServer) {
    this.#server = server;
  }

  /** Objects of a namespace without DemoApps, which anybody can label. Call it before the fake controllers start. */
  labelledObjects(): void {
    this.#put(
      "deployments.apps",
      numbered(30, (index) => unownedObject("Deployment", index)),
    );
    this.#put(
      "services.",
      numbered(30, (index) => unownedObject("Service", index)),
    );
    this.#put("pods.", numbered(100, podObject));
  }

  /** ControllerRevisions of a namespace without DemoApps. A second call changes them. */
  labelledRevisions(): void {
    this.#put(
      "controllerrevisions.apps",
      numbered(150, (index) => revisionObject("web", [index, large])),
    );
  }

  /** ControllerRevisions that name a DemoApp as their owner. None has an outcome: the operator must end their rollouts. */
  forgedRevisions({ metadata: { namespace = "", name, uid = "" } }: KubeObject): void {
    const ownerReferences = [{ apiVersion: "demoapp.dev/v1", kind: "DemoApp", name, uid, controller: true }];
    const forge = (index: number): KubeObject =>
      revisionObject(name, [index, index % 2 === 0 ? large : credible], { namespace, ownerReferences });
    this.#put("controllerrevisions.apps", numbered(60, forge));
  }

  /** Warning Events about a pod. */
  events({ metadata: { namespace, name, uid } }: KubeObject): void {
    const event = (index: number): KubeObject => ({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${index}`, namespace: namespace ?? "" },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      type: "Warning",
      reason: "Unhealthy",
      message: chunk.repeat(8),
    });
    this.#put("events.", numbered(100, event));
  }

  #put(kind: string, objects: readonly KubeObject[]): void {
    const { api } = this.#server;
    for (const object of objects) api.store.put(api.kind(kind), object);
  }
}
