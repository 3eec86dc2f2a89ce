import { ApiError } from "../../operator/runtime/api-error.ts";
import { type Clock, realClock, sleep } from "../../operator/runtime/clock.ts";
import type { ApiClient, KubeObject, ResourceType, WatchEvent } from "../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf } from "./apiserver/json.ts";
import { timestamp } from "./apiserver/writes.ts";
import { events, pods } from "./kinds.ts";
import { type Behaviour, behaviourOf, configMissing, lifecycle } from "./kubelet/lifecycle.ts";
import { FakeNode } from "./kubelet/node.ts";
import { missingReference } from "./kubelet/references.ts";
import { type Step, type Warning, statusAfter } from "./kubelet/status.ts";

export interface FakeKubeletOptions {
  /** A client of its own, so that faults for the operator's requests spare the kubelet. */
  readonly client: ApiClient;
  /** The namespace whose pods it runs. */
  readonly namespace: string;
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

const retryMs = 100;

/**
 * Acts as scheduler and kubelet: binds pods to a node that does not exist and writes the statuses that a kubelet
 * would. Works on any API server: the fake one, or a real one without nodes.
 */
export class FakeKubelet {
  readonly #options: FakeKubeletOptions;
  readonly #clock: Clock;
  readonly #nodeName: string;
  readonly #abort = new AbortController();
  readonly #tasks = new Map<string, PodTask>();
  readonly #failures: unknown[] = [];
  #removeNode: (() => Promise<void>) | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: FakeKubeletOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#nodeName = options.nodeName ?? "fake-node";
  }

  /** Creates the node and runs all pods from now on. */
  async start(): Promise<void> {
    const node = new FakeNode(this.#options.client, this.#clock, this.#nodeName);
    this.#removeNode = await node.join(this.#abort.signal);
    this.#watching = this.#watch();
  }

  /** Stops and removes the node; rejects if the API server refused a write that it should accept. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
    for (const { abort } of this.#tasks.values()) abort.abort();
    await Promise.all([...this.#tasks.values()].map(({ done }) => done));
    await this.#removeNode?.();
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "the fake kubelet failed");
  }

  async #watch(): Promise<void> {
    const { client, namespace } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const { items, metadata } = await client.list(pods, { namespace }, { signal });
        for (const pod of items) this.#onEvent({ type: "ADDED", object: pod });
        const { resourceVersion = "" } = metadata;
        const options = { namespace, resourceVersion, timeoutSeconds: 300, allowWatchBookmarks: false };
        for await (const event of client.watch(pods, options, signal)) this.#onEvent(event);
      } catch (error) {
        if (signal.aborted) return;
        // Tests break watches on purpose.
        if (!(error instanceof Error)) this.#failures.push(error);
      }
      await sleep(this.#clock, retryMs, signal);
    }
  }

  #onEvent(event: WatchEvent): void {
    if (event.type === "ERROR" || event.type === "BOOKMARK") return;
    const pod = event.object;
    const { uid = "", deletionTimestamp } = pod.metadata;
    const current = this.#tasks.get(uid);
    const isDeletion = deletionTimestamp !== undefined;
    if (event.type === "DELETED") current?.abort.abort();
    else if (current === undefined || (isDeletion && !current.isDeletion)) {
      current?.abort.abort();
      const abort = new AbortController();
      const task = isDeletion ? this.#remove(pod) : this.#run(pod, abort.signal);
      this.#tasks.set(uid, { abort, isDeletion, done: this.#guarded(task, abort.signal) });
    }
  }

  /** Records a task's error, unless the pod is gone or the task is aborted. */
  async #guarded(task: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await task;
    } catch (error) {
      const isGone = error instanceof ApiError && (error.isNotFound || error.isConflict);
      if (!isGone && !signal.aborted && !this.#abort.signal.aborted) this.#failures.push(error);
    }
  }

  async #run(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const behaviour = this.#options.behaviour?.(pod) ?? behaviourOf(pod);
    if (behaviour.does !== "unschedulable") await this.#bind(pod);
    let current = pod;
    const show = async (step: Step): Promise<void> => {
      const status = statusAfter(step, current, this.#clock.now());
      current = { ...current, status };
      await this.#writeStatus(pod, status);
      if ("warning" in step) await this.#warn(pod, step.warning);
    };
    let reported: string | undefined;
    for (;;) {
      const missing = await missingReference(this.#options.client, pod);
      if (missing === undefined || signal.aborted) break;
      if (missing !== reported) await show(configMissing(missing));
      reported = missing;
      await sleep(this.#clock, retryMs, signal);
    }
    for (const step of lifecycle(current, behaviour)) {
      if (step.delayMs > 0) await sleep(this.#clock, step.delayMs, signal);
      if (signal.aborted) return;
      await show(step);
    }
  }

  async #bind({ metadata: { name, namespace }, spec }: KubeObject): Promise<void> {
    if (fieldsOf(spec)["nodeName"] !== undefined) return;
    const resource: ResourceType = { ...pods, plural: `pods/${name}/binding`, kind: "Binding" };
    const target = { apiVersion: "v1", kind: "Node", name: this.#nodeName };
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

  async #writeStatus({ metadata }: KubeObject, status: Fields): Promise<void> {
    const body = { metadata: { uid: metadata.uid }, status };
    const options = { type: "merge", body, subresource: "status", fieldManager: "kubelet" } as const;
    await this.#options.client.patch(pods, metadata, options);
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
      source: { component: "kubelet", host: this.#nodeName },
    });
  }
}
