import { deploymentName } from "../../../operator/api/names.ts";
import type { ApiClient, KubeObject } from "../../../operator/runtime/client.ts";
import { kinds, unlessMissing } from "../../../tools/objects.ts";
import type { DemoApp } from "../../e2e/objects.ts";
import type { Fields } from "../../sim/apiserver/json.ts";
import type { FakeApiServer } from "../../sim/apiserver/server.ts";
import { image } from "../environment.ts";

/** What the users last requested of an app. */
export interface RequestedApp {
  readonly namespace: string;
  readonly name: string;
  /** `spec.strategy`; always the same. */
  readonly strategy: Fields;
  /** Undefined while the DemoApp is deleted. */
  spec: { readonly image: string; readonly replicas: number } | undefined;
  /** The image that has to serve in the end: the newest good one. */
  serving: string;
}

type Action = (app: RequestedApp) => Promise<unknown>;

const canary = { type: "Canary", canary: { steps: [{ setWeight: 50 }, { pause: { seconds: 20 } }] } };

const defects = ["crash", "image-missing", "never-ready"] as const;

/** People and other programs that change DemoApps and their objects at random. */
export class Users {
  readonly apps: readonly RequestedApp[];
  readonly #client: ApiClient;
  readonly #server: FakeApiServer;
  readonly #random: () => number;
  #images = 0;
  /** How often each action ran. */
  readonly counts: Record<string, number> = {};

  constructor(options: {
    readonly client: ApiClient;
    readonly server: FakeApiServer;
    readonly random: () => number;
    readonly apps: number;
    readonly namespaces: number;
  }) {
    this.#client = options.client;
    this.#server = options.server;
    this.#random = options.random;
    this.apps = Array.from({ length: options.apps }, (_, i) => ({
      namespace: `soak-${i % options.namespaces}`,
      name: `app-${String(i).padStart(4, "0")}x`,
      strategy: i % 4 === 0 ? canary : {},
      spec: undefined,
      serving: "",
    }));
  }

  /** Creates all namespaces and DemoApps. */
  async createAll(): Promise<void> {
    for (const name of new Set(this.apps.map(({ namespace }) => namespace)))
      await this.#client.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    await Promise.all(this.apps.map((app) => this.#recreate(app)));
  }

  /** One random change of a random app. */
  async act(): Promise<void> {
    const app = this.#choose(this.apps);
    const [name, action] =
      app.spec === undefined ? (["recreate", this.#recreate] as const) : this.#choose(this.#actions);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    // Missing: the object is deleted, or not created yet.
    await unlessMissing(action(app));
  }

  #choose<T>(items: readonly T[]): T {
    const chosen = items[Math.floor(this.#random() * items.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }

  /** Named twice: twice as frequent. */
  get #actions(): readonly (readonly [string, Action])[] {
    return [
      ["good image", this.#deployGood],
      ["good image", this.#deployGood],
      ["bad image", this.#deployBad],
      ["bad image", this.#deployBad],
      ["scale", this.#scale],
      ["edit the Deployment", this.#editDeployment],
      ["edit the Service", this.#editService],
      ["delete a child", this.#deleteChild],
      ["delete a pod", this.#deletePod],
      ["delete", this.#delete],
      ["replace", this.#replace],
    ];
  }

  async #apply(app: RequestedApp, spec: NonNullable<RequestedApp["spec"]>): Promise<void> {
    const { namespace, name, strategy } = app;
    app.spec = spec;
    const metadata = { namespace, name };
    await this.#client.apply(
      kinds.DemoApp,
      { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata, spec: { ...spec, strategy } },
      { fieldManager: "git", force: true },
    );
  }

  #newImage(suffix = ""): string {
    this.#images += 1;
    return image(`${this.#images}${suffix}`);
  }

  #recreate = (app: RequestedApp): Promise<void> => {
    app.serving = this.#newImage();
    return this.#apply(app, { image: app.serving, replicas: 1 });
  };

  #deployGood: Action = (app) => {
    app.serving = this.#newImage();
    return this.#apply(app, { replicas: 1, ...app.spec, image: app.serving });
  };

  /** The status, if no rollout is open: the operator has reported on the newest spec, and decided. */
  async #decided(app: RequestedApp): Promise<DemoApp["status"]> {
    const { status, metadata } = (await this.#client.get(kinds.DemoApp, app)) as unknown as DemoApp;
    const isDecided = status?.observedGeneration === metadata.generation && status?.candidate === undefined;
    return isDecided && /^(Healthy|Degraded)$/.test(status?.phase ?? "") ? status : undefined;
  }

  /** Only while the newest good image serves: otherwise an older one could be the right one in the end. */
  #deployBad: Action = async (app) => {
    const status = await this.#decided(app);
    if (status?.phase !== "Healthy" || status.stable?.image !== app.serving) return this.#deployGood(app);
    return this.#apply(app, { replicas: 1, ...app.spec, image: this.#newImage(`-${this.#choose(defects)}`) });
  };

  #scale: Action = (app) =>
    this.#apply(app, { image: app.serving, ...app.spec, replicas: this.#choose([1, 1, 1, 2]) });

  /**
   * The image only between rollouts: pods of an image that was edited by hand have the label of the candidate, so the
   * operator could judge the candidate by them.
   */
  #editDeployment: Action = async (app) => {
    const edits = [
      { op: "replace", path: "/spec/replicas", value: 3 },
      { op: "add", path: "/spec/minReadySeconds", value: 7 },
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: image("by-hand") },
    ];
    const isDecided = (await this.#decided(app)) !== undefined;
    const body = [this.#choose(isDecided ? edits : edits.slice(0, -1))];
    await this.#client.patch(kinds.Deployment, app, { type: "json", body, fieldManager: "somebody" });
  };

  #editService: Action = (app) => {
    const body = this.#choose([
      [{ op: "replace", path: "/spec/ports/0/port", value: 8_888 }],
      [{ op: "add", path: "/spec/selector/other", value: "label" }],
    ]);
    return this.#client.patch(kinds.Service, app, { type: "json", body, fieldManager: "somebody" });
  };

  #deleteChild: Action = ({ namespace, name }) => {
    const candidate = deploymentName(name, "candidate");
    const [kind, child] = this.#choose([
      [kinds.Deployment, name],
      [kinds.Deployment, candidate],
      [kinds.Service, name],
    ] as const);
    return this.#client.delete(kind, { namespace, name: child });
  };

  #deletePod: Action = async ({ namespace, name }) => {
    const pod = this.#server.api.store
      .list(this.#server.api.kind("pods."), namespace)
      .find(({ metadata }: KubeObject) => metadata.name.startsWith(`${name}-`));
    if (pod !== undefined) await this.#client.delete(kinds.Pod, pod.metadata);
  };

  #delete: Action = async (app) => {
    app.spec = undefined;
    await this.#client.delete(kinds.DemoApp, app);
  };

  #replace: Action = async (app) => {
    await this.#delete(app);
    await this.#recreate(app);
  };
}
