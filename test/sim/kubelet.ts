import { ApiError } from "../../operator/runtime/api-error.ts";
import { type Clock, realClock, sleep } from "../../operator/runtime/clock.ts";
import type { ApiClient, KubeObject, ResourceType, WatchEvent } from "../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf } from "./apiserver/json.ts";
import { timestamp } from "./apiserver/writes.ts";
import { events, pods } from "./kinds.ts";
import { type Behaviour, behaviourOf } from "./kubelet/behaviour.ts";
import { PuppetNode } from "./kubelet/node.ts";
import { missingReference } from "./kubelet/references.ts";
import { type Step, scriptOf } from "./kubelet/script.ts";
import { type Moment, statusAt, unschedulable, waiting } from "./kubelet/status.ts";

export interface PuppetKubeletOptions {
  /** A client of its own: faults that are meant for the operator should not strike it. */
  readonly client: ApiClient;
  /** Whose pods it runs. */
  readonly namespace: string;
  readonly clock?: Clock;
  /** What a pod does; by default what its image's name says. */
  readonly behaviour?: (pod: KubeObject) => Behaviour;
  /** Tells puppets on one API server apart, default `puppet`. */
  readonly nodeName?: string;
  /** From a pod's deletion until it is gone, default 0. */
  readonly stopMs?: number;
}

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly isStopping: boolean;
}

/** How long to wait before trying again what can't be done yet. */
const retryMs = 100;

/**
 * Stands in for scheduler and kubelet: binds pods to a node that isn't there and writes the statuses that a real
 * kubelet would, by script. It speaks to any API server, the fake or a real one without nodes.
 */
export class PuppetKubelet {
  readonly #options: PuppetKubeletOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #running = new Map<string, Running>();
  readonly #failures: unknown[] = [];
  #leave: (() => Promise<void>) | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: PuppetKubeletOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Makes the node, takes up the pods that are there, and watches for more. */
  async start(): Promise<void> {
    const { client, nodeName = "puppet" } = this.#options;
    this.#leave = await new PuppetNode(client, this.#clock, nodeName).join(this.#abort.signal);
    this.#watching = this.#watch();
  }

  /** Removes the node and ends; rejects if something went wrong that no API server should answer. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
    for (const { abort } of this.#running.values()) abort.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await this.#leave?.();
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "the puppet kubelet failed");
  }

  async #watch(): Promise<void> {
    const { client, namespace } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const { items, metadata } = await client.list(pods, { namespace }, { signal });
        for (const pod of items) this.#see({ type: "ADDED", object: pod });
        const from = { resourceVersion: metadata.resourceVersion ?? "", timeoutSeconds: 300 };
        const options = { namespace, ...from, allowWatchBookmarks: false };
        for await (const event of client.watch(pods, options, signal)) this.#see(event);
      } catch (error) {
        if (signal.aborted) return;
        // A broken watch is nothing to fail for: it is the API server that is tested for that.
        if (!(error instanceof Error)) this.#failures.push(error);
      }
      await sleep(this.#clock, retryMs, signal);
    }
  }

  #see(event: WatchEvent): void {
    if (event.type === "ERROR" || event.type === "BOOKMARK") return;
    const pod = event.object;
    const { uid = "", deletionTimestamp } = pod.metadata;
    const current = this.#running.get(uid);
    const isStopping = deletionTimestamp !== undefined;
    if (event.type === "DELETED") current?.abort.abort();
    else if (current === undefined || (isStopping && !current.isStopping)) {
      current?.abort.abort();
      const abort = new AbortController();
      const task = isStopping ? this.#finalise(pod, abort.signal) : this.#run(pod, abort.signal);
      this.#running.set(uid, { abort, isStopping, done: this.#watched(task, abort.signal) });
    }
  }

  /** A task's errors are this puppet's, unless the pod is gone or the puppet stops. */
  async #watched(task: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await task;
    } catch (error) {
      const isGone = error instanceof ApiError && (error.isNotFound || error.isConflict);
      if (!isGone && !signal.aborted && !this.#abort.signal.aborted) this.#failures.push(error);
    }
  }

  async #run(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const { client, behaviour = ({ spec }) => behaviourOf(fieldsOf(spec)) } = this.#options;
    const chosen = behaviour(pod);
    const before = fieldsOf(pod["status"]);
    if (chosen.does === "unschedulable") {
      await this.#write(pod, unschedulable(before, this.#clock.now()));
      return;
    }
    await this.#bind(pod);
    let status = before;
    const show = async (moment: Moment): Promise<void> => {
      status = statusAt(pod, status, { moment, nowMs: this.#clock.now() });
      await this.#write(pod, status);
      if (moment.warning !== undefined) await this.#warn(pod, moment.warning);
    };
    await untilThere(() => missingReference(client, pod), {
      clock: this.#clock,
      signal,
      report: (message) =>
        show({
          state: waiting("CreateContainerConfigError", message),
          warning: { reason: "Failed", message: `Error: ${message}` },
        }),
    });
    for (const { delayMs, moment } of scriptOf(pod, chosen) as Iterable<Step>) {
      if (delayMs > 0) await sleep(this.#clock, delayMs, signal);
      if (signal.aborted) return;
      await show(moment(this.#clock.now()));
    }
  }

  async #bind({ metadata: { name, namespace }, spec }: KubeObject): Promise<void> {
    if (fieldsOf(spec)["nodeName"] !== undefined) return;
    const resource: ResourceType = { ...pods, plural: `pods/${name}/binding`, kind: "Binding" };
    const target = { apiVersion: "v1", kind: "Node", name: this.#options.nodeName ?? "puppet" };
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, ...(namespace !== undefined && { namespace }) },
      target,
    };
    await this.#options.client.create(resource, binding);
  }

  async #finalise(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const { client, stopMs = 0 } = this.#options;
    if (stopMs > 0) await sleep(this.#clock, stopMs, signal);
    const now = { preconditions: { uid: pod.metadata.uid }, gracePeriodSeconds: 0 };
    await client.delete(pods, pod.metadata, now);
  }

  async #write({ metadata }: KubeObject, status: Fields): Promise<void> {
    const patch = {
      type: "merge",
      body: { metadata: { uid: metadata.uid }, status },
      subresource: "status",
    } as const;
    await this.#options.client.patch(pods, metadata, { ...patch, fieldManager: "kubelet" });
  }

  async #warn(
    { metadata: { name, namespace = "", uid } }: KubeObject,
    said: { reason: string; message: string },
  ): Promise<void> {
    const now = timestamp(this.#clock.now());
    await this.#options.client.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${crypto.randomUUID()}`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
      type: "Warning",
      ...said,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "kubelet", host: this.#options.nodeName ?? "puppet" },
    });
  }
}

interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with what is missing, each time it is something else. */
  readonly report: (missing: string) => Promise<void>;
}

/** Waits until nothing is missing any more. */
async function untilThere(
  look: () => Promise<string | undefined>,
  { clock, signal, report }: Patience,
): Promise<void> {
  let reported: string | undefined;
  for (let missing = await look(); missing !== undefined && !signal.aborted; missing = await look()) {
    if (missing !== reported) await report(missing);
    reported = missing;
    await sleep(clock, retryMs, signal);
  }
}
