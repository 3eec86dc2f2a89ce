import { ApiError } from "../../operator/runtime/api-error.ts";
import { type Clock, realClock, sleep } from "../../operator/runtime/clock.ts";
import { Informer } from "../../operator/runtime/informer.ts";
import type { ApiClient, KubeObject, ResourceType } from "../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../operator/runtime/log.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import { unlessMissing } from "../../tools/objects.ts";
import { type Fields, fieldsOf, itemsOf, textOf } from "./apiserver/json.ts";
import { timestamp } from "./apiserver/writes.ts";
import { events, pods, secrets } from "./kinds.ts";
import { type Behaviour, behaviourOf, configMissing, lifecycle } from "./kubelet/lifecycle.ts";
import { FakeNode } from "./kubelet/node.ts";
import { type Step, type Warning, statusAfter } from "./kubelet/status.ts";

export interface FakeKubeletOptions {
  /** A client of its own, so that faults for the operator's requests spare the kubelet. */
  readonly client: ApiClient;
  /** The namespace whose pods it runs; undefined: all. */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** What a pod does; where undefined, its image's name decides. */
  readonly behaviour?: (pod: KubeObject) => Behaviour | undefined;
  /** Must be unique on an API server, default `fake-node`. */
  readonly nodeName?: string;
}

interface PodTask {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly isDeletion: boolean;
}

interface PodStatus {
  readonly fields: Fields;
  /** Resolves when the API server has the status. */
  readonly written: Promise<void>;
}

const retryMs = 100;

/** The scheduler, which finds no node, marks a pod as unschedulable; on a real API server also after the kubelet bound it. */
const isMarkedUnschedulable = ({ status }: KubeObject): boolean =>
  itemsOf(fieldsOf(status)["conditions"]).some(
    (condition) => condition["type"] === "PodScheduled" && condition["status"] === "False",
  );

/**
 * Acts as scheduler and kubelet: binds pods to a node that does not exist and writes the statuses that a kubelet
 * would. Works on any API server: the fake one, or a real one without nodes.
 */
export class FakeKubelet {
  readonly #options: FakeKubeletOptions;
  readonly #clock: Clock;
  readonly #node: FakeNode;
  readonly #pods: Informer<KubeObject>;
  readonly #tasks = new Map<string, PodTask>();
  /** The newest status of each pod, by uid. */
  readonly #statuses = new Map<string, PodStatus>();
  readonly #failures: unknown[] = [];

  constructor(options: FakeKubeletOptions) {
    const { client, namespace, clock = realClock, nodeName = "fake-node" } = options;
    this.#options = options;
    this.#clock = clock;
    this.#node = new FakeNode(client, clock, nodeName);
    this.#pods = new Informer({
      client,
      resource: pods,
      namespaces: namespace === undefined ? undefined : [namespace],
      transform: (pod) => pod,
      onChange: ({ type, object }) => this.#onChange(type, object),
      clock,
      log: createLogger("silent"),
      metrics: createMetrics(),
    });
  }

  /** Creates the node and runs all pods from now on. */
  async start(): Promise<void> {
    await this.#node.create();
    this.#pods.start();
  }

  /** Stops and removes the node; rejects if the API server refused a write that it should accept. */
  async stop(): Promise<void> {
    await this.#pods.stop();
    for (const { abort } of this.#tasks.values()) abort.abort();
    await Promise.all([...this.#tasks.values()].map(({ done }) => done));
    await this.#node.remove();
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "the fake kubelet failed");
  }

  #onChange(type: "ADDED" | "MODIFIED" | "DELETED", pod: KubeObject): void {
    const { uid = "", deletionTimestamp } = pod.metadata;
    const current = this.#tasks.get(uid);
    const isDeletion = deletionTimestamp !== undefined;
    if (type === "DELETED") {
      current?.abort.abort();
      this.#statuses.delete(uid);
    } else if (current !== undefined && !isDeletion && isMarkedUnschedulable(pod))
      this.#tasks.set(uid, { ...current, done: this.#restoreStatus(pod, current) });
    else if (current === undefined || (isDeletion && !current.isDeletion)) {
      current?.abort.abort();
      const abort = new AbortController();
      const task = isDeletion ? this.#remove(pod) : this.#run(pod, abort.signal);
      this.#tasks.set(uid, { abort, isDeletion, done: this.#guarded(pod, task, abort.signal) });
    }
  }

  /** Writes the newest status again, as a kubelet does when another writer has changed the status. */
  async #restoreStatus(pod: KubeObject, { abort, done }: PodTask): Promise<void> {
    const status = this.#statuses.get(pod.metadata.uid ?? "");
    if (status !== undefined) await this.#guarded(pod, this.#writeStatus(pod, status.fields), abort.signal);
    await done;
  }

  /** Records a task's error, unless the pod is gone or the task is aborted. */
  async #guarded(pod: KubeObject, task: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await task;
    } catch (error) {
      if (signal.aborted) return;
      // A pod that is gone, or replaced by one of the same name, answers with 404 or 409.
      const isRefused = error instanceof ApiError && (error.isNotFound || error.isConflict);
      if (!isRefused || (await this.#exists(pod))) this.#failures.push(error);
    }
  }

  async #exists({ metadata }: KubeObject): Promise<boolean> {
    const live = await unlessMissing(this.#options.client.get(pods, metadata));
    return live?.metadata.uid === metadata.uid;
  }

  async #run(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const behaviour = this.#options.behaviour?.(pod) ?? behaviourOf(pod);
    await this.#bind(pod);
    let current = pod;
    const show = async (step: Step): Promise<void> => {
      const status = statusAfter(step, current, this.#clock.now());
      current = { ...current, status };
      await this.#writeStatus(pod, status);
      if (step.warning !== undefined) await this.#warn(pod, step.warning);
    };
    for (let isShown = false; !signal.aborted; isShown = true) {
      const missing = await this.#missingSecret(pod);
      if (missing === undefined) break;
      if (!isShown) await show(configMissing(`secret "${missing}" not found`));
      await sleep(this.#clock, retryMs, signal);
    }
    for (const step of lifecycle(current, behaviour)) {
      if (step.delayMs > 0) await sleep(this.#clock, step.delayMs, signal);
      if (signal.aborted) return;
      await show(step);
    }
  }

  /** The first Secret of the containers' variables that does not exist. */
  async #missingSecret({ metadata: { namespace }, spec }: KubeObject): Promise<string | undefined> {
    const variables = itemsOf(fieldsOf(spec)["containers"]).flatMap(({ env }) => itemsOf(env));
    for (const { valueFrom } of variables) {
      const name = textOf(fieldsOf(fieldsOf(valueFrom)["secretKeyRef"])["name"]);
      if (name === "") continue;
      const secret = await unlessMissing(this.#options.client.get(secrets, { namespace, name }));
      if (secret === undefined) return name;
    }
    return undefined;
  }

  async #bind({ metadata: { name, namespace }, spec }: KubeObject): Promise<void> {
    if (fieldsOf(spec)["nodeName"] !== undefined) return;
    const resource: ResourceType = { ...pods, plural: `pods/${name}/binding`, kind: "Binding" };
    const target = { apiVersion: "v1", kind: "Node", name: this.#node.name };
    await this.#options.client.create(resource, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target,
    });
  }

  /** Removes a deleted pod at once, as when its containers end at SIGTERM. */
  async #remove({ metadata }: KubeObject): Promise<void> {
    const immediately = { preconditions: { uid: metadata.uid }, gracePeriodSeconds: 0 };
    await this.#options.client.delete(pods, metadata, immediately);
  }

  /** Writes a status after the earlier ones of the pod. */
  #writeStatus({ metadata }: KubeObject, fields: Fields): Promise<void> {
    const { uid = "" } = metadata;
    const body = { metadata: { uid }, status: fields };
    const options = { type: "merge", body, subresource: "status", fieldManager: "kubelet" } as const;
    const write = async (): Promise<void> => {
      await this.#statuses.get(uid)?.written;
      await this.#options.client.patch(pods, metadata, options);
    };
    const written = write();
    this.#statuses.set(uid, { fields, written });
    return written;
  }

  async #warn({ metadata: { name, namespace = "", uid } }: KubeObject, warning: Warning): Promise<void> {
    const now = timestamp(this.#clock.now());
    await this.#options.client.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${crypto.randomUUID()}`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
      type: "Warning",
      ...warning,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "kubelet", host: this.#node.name },
    });
  }
}
