import { annotations as annotationNames } from "../../operator/api/names.ts";
import type { Phase } from "../../operator/api/schema.ts";
import type { ApiClient, KubeObject, ObjectInput, ResourceType } from "../../operator/runtime/client.ts";
import { type Clock, sleep } from "../../operator/runtime/clock.ts";
import { countsMs } from "../../operator/runtime/statuswriter.ts";
import { kinds, unlessMissing } from "../../tools/objects.ts";
import { AppReader } from "../e2e/appnamespace.ts";
import type { DemoApp, Reported } from "../e2e/objects.ts";
import type { Fields } from "../sim/apiserver/json.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import type { Behaviour } from "../sim/kubelet/lifecycle.ts";
import { imageOf } from "../sim/kubelet/status.ts";
import { type OperatorOptions, RunningOperator } from "./operator.ts";

/** An API server with an empty namespace, and what differs between the fake and a real one. */
export interface Setup {
  /** The client of the test and of the fake kubelet; no fault affects its requests. */
  readonly client: ApiClient;
  readonly namespace: string;
  readonly clock: Clock;
  /** How the operator reaches the API server. */
  readonly access: OperatorOptions["access"];
  /** How long a test waits for something, and how often it checks, in real ms. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** A short progress deadline that a working pod still meets. */
  readonly deadlineSeconds: number;
  /** Takes a permission from the operator, until the returned function is called. */
  denyAccess(resource: ResourceType, verbs: readonly Verb[]): Promise<() => Promise<void>>;
  /** Lets an admission policy refuse Deployments with an image that contains the text. */
  denyImages(text: string): Promise<void>;
  close(): Promise<void>;
}

export type Verb = "list" | "watch" | "patch";

/** The options of an operator that its environment does not give. */
type OwnOptions = Partial<Omit<OperatorOptions, "access" | "namespace" | "clock">>;

export const image = (tag: string): string => `registry.local/web:${tag}`;

/** Longer than the longest delay of a write: that of a status with new counts only. */
const quietMs = countsMs + 1_000;

/** A namespace with a fake kubelet and the operators of one test, and helpers for its DemoApp `web`. */
export class TestEnvironment<S extends Setup = Setup> extends AppReader {
  readonly setup: S;
  /** What the pods of an image do, where the image's name does not decide. */
  readonly behaviours = new Map<string, Behaviour>();
  readonly #kubelet: FakeKubelet;
  readonly #operators: RunningOperator[] = [];

  private constructor(setup: S) {
    const { client, namespace, clock } = setup;
    super(client, namespace);
    this.setup = setup;
    const behaviour = (pod: KubeObject): Behaviour | undefined => this.behaviours.get(imageOf(pod));
    this.#kubelet = new FakeKubelet({ client, namespace, clock, behaviour, nodeName: `fake-${namespace}` });
  }

  /** Runs a test in an environment and closes the environment. */
  static async use<S extends Setup, T>(setup: S, run: (env: TestEnvironment<S>) => Promise<T>): Promise<T> {
    const env = new TestEnvironment(setup);
    await env.#kubelet.start();
    try {
      return await run(env);
    } finally {
      await Promise.all(env.#operators.map((operator) => operator.kill()));
      await env.#kubelet.stop();
      await setup.close();
    }
  }

  get ref() {
    return { namespace: this.namespace, name: "web" };
  }

  async startOperator(options: OwnOptions = {}): Promise<RunningOperator> {
    const { access, namespace, clock } = this.setup;
    const operator = new RunningOperator({ access, namespace, clock, ...options });
    this.#operators.push(operator);
    await operator.start();
    return operator;
  }

  /** Starts an operator and waits until it has read everything and has nothing left to write. */
  async startIdleOperator(): Promise<RunningOperator> {
    const operator = await this.startOperator();
    await this.eventually("the operator is ready", async () => operator.isReady);
    await this.quiet(operator);
    return operator;
  }

  /** Kills an operator that has nothing left to write, and starts its successor. Returns it once it is idle too. */
  async replaceIdleOperator(operator: RunningOperator): Promise<RunningOperator> {
    await this.quiet(operator);
    await operator.kill();
    return this.startIdleOperator();
  }

  /** Starts an operator and waits until the app is Healthy. */
  async install(spec: Fields = {}, options: OwnOptions = {}): Promise<RunningOperator> {
    const operator = await this.startOperator(options);
    await this.deploy(spec);
    return operator;
  }

  /** Applies the DemoApp and waits until it is in a phase. */
  async deploy(spec: Fields = {}, phase: Phase = "Healthy"): Promise<Reported> {
    await this.apply(spec);
    return this.phase(phase);
  }

  /** Server-side apply of the DemoApp as a GitOps tool does; fields that are left out are removed. */
  async apply(spec: Fields = {}): Promise<void> {
    const metadata = { ...this.ref, annotations: {} };
    const fields = { image: image("1"), ...spec };
    const object = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec: fields };
    await this.client.apply(kinds.DemoApp, object, { fieldManager: "git", force: true });
  }

  annotate(values: Partial<Record<keyof typeof annotationNames, string>>): Promise<void> {
    const entries = Object.entries(values).map(([command, value]) => [
      annotationNames[command as keyof typeof annotationNames],
      value,
    ]);
    return this.patch(kinds.DemoApp, { metadata: { annotations: Object.fromEntries(entries) as Fields } });
  }

  /** A merge patch of the object `web` of a kind by some user. */
  async patch(resource: ResourceType, body: Fields, subresource?: "status"): Promise<void> {
    const options = { type: "merge", body, fieldManager: "somebody" } as const;
    await this.client.patch(resource, this.ref, { ...options, ...(subresource && { subresource }) });
  }

  create(resource: ResourceType, object: ObjectInput): Promise<KubeObject> {
    const metadata = { ...object.metadata, namespace: this.namespace };
    return this.client.create(resource, { ...object, metadata });
  }

  delete(resource: ResourceType, options: Parameters<ApiClient["delete"]>[2] = {}): Promise<void> {
    return this.client.delete(resource, this.ref, options);
  }

  /** Removes the status, as a restore from a backup without status does. */
  wipeStatus = (): Promise<void> => this.patch(kinds.DemoApp, { status: null }, "status");

  app = (): Promise<Reported> => this.get(kinds.DemoApp);

  async names(resource: ResourceType): Promise<readonly string[]> {
    const { items } = await this.client.list(resource, { namespace: this.namespace });
    return items.map(({ metadata }) => metadata.name);
  }

  /** The rollouts in the status, newest first, as `2 Accepted`. */
  async outcomes(): Promise<readonly string[]> {
    const { history } = (await this.app()).status;
    return history.map(({ rollout, outcome }) => `${rollout} ${outcome}`);
  }

  /**
   * The uids of the app's pods once there are as many as the Deployment asks for. A Deployment reports a rollback as
   * complete before its last surplus pod is gone, because its counts lag behind pods that were just created.
   */
  podUids = (): Promise<readonly string[]> =>
    this.eventually("as many pods as the Deployment asks for", async () => {
      const { replicas } = (await this.deployment()).spec;
      const uids = (await this.pods()).map(({ metadata }) => metadata.uid);
      return uids.length === replicas ? uids.toSorted() : undefined;
    });

  /** Polls until `probe` gives a value other than undefined or false; a missing object counts as not yet. */
  async eventually<T>(what: string, probe: () => Promise<T | false | undefined>): Promise<T> {
    const endMs = performance.now() + this.setup.timeoutMs;
    for (;;) {
      const value = await unlessMissing(probe());
      if (value !== undefined && value !== false) return value;
      if (performance.now() > endMs) throw new Error(`timeout: ${what}\n${await this.#evidence()}`);
      await new Promise((resolve) => setTimeout(resolve, this.setup.intervalMs));
    }
  }

  /** Waits until the operator has observed the newest spec and the app matches. */
  until(matches: (app: Reported) => boolean): Promise<Reported> {
    return this.eventually(matches.toString(), async () => {
      const app = await this.app();
      return (app as DemoApp).status?.observedGeneration === app.metadata.generation && matches(app) && app;
    });
  }
  phase = (phase: Phase): Promise<Reported> => this.until(({ status }) => status.phase === phase);
  blocked = (by: string): Promise<Reported> =>
    this.until(({ status }) => status.blockers.some(({ reason }) => reason === by));

  /** Waits until the operator has written nothing for a while. */
  async quiet(operator: RunningOperator): Promise<void> {
    for (let before = -1; before !== operator.writes.length;) {
      before = operator.writes.length;
      await sleep(this.setup.clock, quietMs);
    }
  }

  /** The DemoApps, the pods, and the ends of the operators' logs. */
  async #evidence(): Promise<string> {
    const objectsOf = async (resource: ResourceType): Promise<readonly object[]> => {
      const { items } = await this.client.list(resource, { namespace: this.namespace });
      return items.map(({ metadata: { name }, spec, status }) => ({ name, spec, status }));
    };
    const apps = await objectsOf(kinds.DemoApp);
    const pods = (await objectsOf(kinds.Pod)).map((pod) => JSON.stringify(pod));
    const logs = this.#operators.flatMap(({ log }) => log.slice(-15).map((line) => JSON.stringify(line)));
    return [JSON.stringify(apps, undefined, 1), ...pods, ...logs].join("\n");
  }
}
