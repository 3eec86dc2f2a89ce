import { afterEach, beforeEach } from "@jest/globals";
import type { KubeObject, WatchEvent } from "../../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Informer, type InformerOptions } from "../../../operator/runtime/informer.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { object, ScriptedApi } from "./scripted-api.ts";

const pods = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

export const second = 1000;
export const expired = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

export const added = (item: KubeObject): WatchEvent => ({ type: "ADDED", object: item });
export const modified = (item: KubeObject): WatchEvent => ({ type: "MODIFIED", object: item });
export const deleted = (item: KubeObject): WatchEvent => ({ type: "DELETED", object: item });
export const bookmark = (version: number): WatchEvent => ({ type: "BOOKMARK", object: object("", version) });

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly error?: string;
}

/** A informer on a scripted API, and what it told, logged and counted. */
class Scene {
  readonly api = new ScriptedApi();
  readonly clock = new VirtualClock();
  readonly logged: LogLine[] = [];
  readonly #metrics = createMetrics();
  readonly #changes: string[] = [];
  #informer: Informer<KubeObject> | undefined;

  get informer(): Informer<KubeObject> {
    if (this.#informer === undefined) throw new Error("not started");
    return this.#informer;
  }

  async start(options: Partial<InformerOptions<KubeObject>> = {}): Promise<void> {
    this.#informer = new Informer<KubeObject>({
      client: this.api.client,
      resource: pods,
      transform: (item) => item,
      onChange: ({ type, object: { metadata } }) =>
        void this.#changes.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
      clock: this.clock,
      log: createLogger("info", { write: (line: string) => void this.logged.push(JSON.parse(line)) }),
      metrics: this.#metrics,
      random: () => 0.5,
      ...options,
    });
    this.#informer.start();
    await settle();
  }

  /** The changes since the last call, as `TYPE name@version`. */
  told(): string[] {
    return this.#changes.splice(0);
  }

  async count(metric: string): Promise<number> {
    const text = await this.#metrics.scrape();
    return Number(new RegExp(`^${metric}{[^}]*} (\\S+)`, "m").exec(text)?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    await this.#informer?.stop();
  }
}

/** A fresh scene for each test of a file. */
export const useScene = (): (() => Scene) => {
  let scene = new Scene();
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.stop());
  return () => scene;
};
