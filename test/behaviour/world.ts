import { annotations as acts, ownedBy } from "../../operator/api/names.ts";
import type { Phase } from "../../operator/api/schema.ts";
import { ApiError } from "../../operator/runtime/client.ts";
import type { ApiClient, KubeObject, ObjectInput, ResourceType } from "../../operator/runtime/client.ts";
import { type Clock, sleep } from "../../operator/runtime/clock.ts";
import { type Deployment, type Pod, type Service, isGoing, kinds } from "../e2e/kinds.ts";
import type { DemoApp, Reported } from "../e2e/place.ts";
import type { Fields } from "../sim/apiserver/json.ts";
import type { Send } from "../sim/fidelity/wire.ts";
import type { FakeKubelet } from "../sim/kubelet.ts";
import type { Behaviour } from "../sim/kubelet/lifecycle.ts";
import { imageOf } from "../sim/kubelet/status.ts";
import { type OperatorOptions, RunningOperator } from "./operator.ts";

/** What tells one kind of API server from another. */
export interface Ground {
  /** A person's client, which no fault strikes. */
  readonly client: ApiClient;
  /** Sends what the client has no word for. */
  readonly send: Send;
  readonly namespace: string;
  readonly clock: Clock;
  readonly access: OperatorOptions["access"];
  /** How long anything may take, in ms of the wall, and how often to look meanwhile. */
  readonly patienceMs: number;
  readonly intervalMs: number;
  /** A progress deadline that is soon over, and never before a pod that works is available. */
  readonly deadlineSeconds: number;
  /** Takes a permission from the operator, until the returned function is called. */
  forbid(resource: ResourceType, verbs: readonly Verb[]): Promise<() => Promise<void>>;
  /** Lets admission refuse Deployments with an image of this text. */
  refuseImages(text: string): Promise<void>;
  /** Makes a puppet kubelet for the namespace. */
  kubelet(behaviour: (pod: KubeObject) => Behaviour | undefined): FakeKubelet;
  close(): Promise<void>;
}

export type Verb = "get" | "list" | "watch" | "create" | "patch" | "delete";

export const image = (tag: string): string => `registry.local/web:${tag}`;

/** An API server, an empty namespace in it whose pods a puppet runs, and what a test does and sees there. */
export class World {
  readonly ground: Ground;
  readonly client: ApiClient;
  readonly namespace: string;
  readonly clock: Clock;
  /** What pods of an image do, where its name does not say so. */
  readonly behaviours = new Map<string, Behaviour>();
  readonly #kubelet: FakeKubelet;
  readonly #operators: RunningOperator[] = [];

  private constructor(ground: Ground) {
    this.ground = ground;
    this.client = ground.client;
    this.namespace = ground.namespace;
    this.clock = ground.clock;
    this.#kubelet = ground.kubelet((pod) => this.behaviours.get(imageOf(pod)));
  }

  static async on(ground: Ground): Promise<World> {
    const world = new World(ground);
    await world.#kubelet.start();
    return world;
  }

  async close(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator.kill()));
    await this.#kubelet.stop();
    await this.ground.close();
  }

  async startOperator(
    options: Partial<Pick<OperatorOptions, "identity" | "lastCall" | "timeoutMs">> = {},
  ): Promise<RunningOperator> {
    const { access, namespace, clock } = this.ground;
    const operator = await RunningOperator.start({ access, namespace, clock, ...options });
    this.#operators.push(operator);
    return operator;
  }

  /** Server-side apply of the DemoApp `web`, as Git would; fields that are left out are given up. */
  async apply(spec: Fields = {}, annotations: Fields = {}): Promise<DemoApp> {
    const metadata = { name: "web", namespace: this.namespace, annotations };
    const object = {
      apiVersion: "demoapp.dev/v1",
      kind: "DemoApp",
      metadata,
      spec: { image: image("1"), ...spec },
    };
    const applied = await this.client.apply(kinds.DemoApp, object, { fieldManager: "git", force: true });
    return applied as unknown as DemoApp;
  }

  /** Writes annotations as a person would; null removes one. */
  async annotate(values: Partial<Record<keyof typeof acts, string | null>>): Promise<void> {
    const annotations = Object.fromEntries(
      Object.entries(values).map(([act, value]) => [acts[act as keyof typeof acts], value]),
    );
    await this.patch(kinds.DemoApp, { metadata: { annotations } });
  }

  /** A merge patch of the object `web` of a kind. */
  async patch(resource: ResourceType, body: Fields, subresource?: "status"): Promise<void> {
    const ref = { name: "web", namespace: this.namespace };
    const options = { type: "merge", body, fieldManager: "somebody" } as const;
    await this.client.patch(resource, ref, { ...options, ...(subresource && { subresource }) });
  }

  /** Creates an object here. */
  create(resource: ResourceType, object: ObjectInput): Promise<KubeObject> {
    const metadata = { ...object.metadata, namespace: this.namespace };
    return this.client.create(resource, { ...object, metadata });
  }

  /** Loses the status, as a backup does that was restored without it. */
  wipeStatus = (): Promise<void> => this.patch(kinds.DemoApp, { status: null }, "status");

  async get<T>(resource: ResourceType, name = "web"): Promise<T> {
    return (await this.client.get(resource, { namespace: this.namespace, name })) as unknown as T;
  }
  app = (): Promise<DemoApp> => this.get(kinds.DemoApp);
  deployment = (): Promise<Deployment> => this.get(kinds.Deployment);
  service = (): Promise<Service> => this.get(kinds.Service);

  /** The names of a kind's objects here. */
  async names(resource: ResourceType): Promise<readonly string[]> {
    const { items } = await this.client.list(resource, { namespace: this.namespace });
    return items.map(({ metadata }) => metadata.name);
  }

  /** The app's pods, without those that are on their way out. */
  async pods(): Promise<readonly Pod[]> {
    const labelSelector = Object.entries(ownedBy("web"))
      .map((pair) => pair.join("="))
      .join(",");
    const { items } = await this.client.list(kinds.Pod, { namespace: this.namespace, labelSelector });
    return (items as unknown as readonly Pod[]).filter((pod) => !isGoing(pod));
  }

  /**
   * The app's pods by uid, once there are as many as the Deployment wants. A Deployment says that a rollback is
   * complete before its last surplus pod is gone: its own figures lag behind a pod that was just created.
   */
  podUids = (): Promise<readonly string[]> =>
    this.eventually("as many pods as the Deployment wants", async () => {
      const { replicas } = (await this.deployment()).spec;
      const uids = (await this.pods()).map(({ metadata }) => metadata.uid);
      return uids.length === replicas ? uids.toSorted() : undefined;
    });

  /** Polls until there is a value; at the deadline the error carries the app as it is. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const { patienceMs, intervalMs } = this.ground;
    const endMs = performance.now() + patienceMs;
    for (;;) {
      const value = await missingIsUndefined(probe);
      if (value !== undefined) return value;
      if (performance.now() > endMs) throw new Error(`${what}: not in time\n${await this.#evidence()}`);
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }

  /** Waits until the operator has seen the newest spec and the status is as `matches` wants it. */
  until(matches: (app: Reported) => boolean): Promise<Reported> {
    return this.eventually(matches.toString(), async () => {
      const app = await this.app();
      const isSeen = app.status?.observedGeneration === app.metadata.generation;
      return isSeen && matches(app as Reported) ? (app as Reported) : undefined;
    });
  }
  phase = (phase: Phase): Promise<Reported> => this.until(({ status }) => status.phase === phase);
  /** Waits until a blocker of this reason is told. */
  blocked = (by: string): Promise<Reported> =>
    this.until(({ status }) => status.blockers.some(({ reason }) => reason === by));

  /** Waits until the operator writes nothing for a while. */
  async quiet(operator: RunningOperator): Promise<void> {
    for (let before = -1; before !== operator.writes.length;) {
      before = operator.writes.length;
      await sleep(this.clock, quietMs);
    }
  }

  async #evidence(): Promise<string> {
    const apps = await this.client.list(kinds.DemoApp, { namespace: this.namespace });
    const seen = apps.items.map(({ metadata, spec, status }) => ({ name: metadata.name, spec, status }));
    const logs = this.#operators.map(({ log }) => log.slice(-15).map((line) => JSON.stringify(line)));
    return [JSON.stringify(seen, undefined, 1), ...logs.flat()].join("\n");
  }
}

/** Longer than anything that the operator does by itself waits, such as a status held back for its numbers. */
const quietMs = 2_500;

async function missingIsUndefined<T>(probe: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await probe();
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}
