import { resources } from "../../../operator/controller/resources.ts";
import { Informer, type InformerOptions } from "../../../operator/runtime/informer.ts";
import type { KubeObject, WatchEvent } from "../../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { perTest } from "../../support/per-test.ts";
import { object, ScriptedApi } from "./scripted-api.ts";

export const second = 1000;
export const expired = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

const eventOf =
  (type: "ADDED" | "MODIFIED" | "DELETED") =>
  (item: KubeObject): WatchEvent => ({ type, object: item });
export const [added, modified, deleted] = [eventOf("ADDED"), eventOf("MODIFIED"), eventOf("DELETED")];
export const bookmark = (version: number): WatchEvent => ({ type: "BOOKMARK", object: object("", version) });

/** An informer of a scripted API, and its changes, log lines and metrics. */
class Scene {
  readonly api = new ScriptedApi();
  readonly clock = new VirtualClock();
  readonly logged: { readonly level: string; readonly msg: string; readonly error?: string }[] = [];
  readonly #metrics = createMetrics();
  readonly #changes: string[] = [];
  #informer: Informer<KubeObject> | undefined;

  get informer(): Informer<KubeObject> {
    if (this.#informer === undefined) throw new Error("the informer is not started");
    return this.#informer;
  }

  async start(options: Partial<InformerOptions<KubeObject>> = {}): Promise<void> {
    this.#informer = new Informer<KubeObject>({
      client: this.api.client,
      resource: resources.Pod,
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

  /** Returns the changes since the last call, as `TYPE name@version`. */
  takeChanges(): string[] {
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

/** A scene for each test of a file. */
export const useScene = (): (() => Scene) => perTest(() => new Scene());
