import { resources } from "../../../operator/controller/resources.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import type { Manager } from "../../../operator/runtime/manager.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Operator } from "../../../operator/runtime/operator.ts";
import type { ReconcileResult } from "../../../operator/runtime/workqueue.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { perTest } from "../../support/per-test.ts";
import { FakeObjects } from "./fake-objects.ts";
import { object, page, ScriptedApi } from "./scripted-api.ts";

export const second = 1000;

/** A cluster with two pods, and the operators in it, which share a clock. */
class Cluster {
  readonly api = new ScriptedApi();
  readonly objects = new FakeObjects();
  readonly clock = new VirtualClock();
  readonly metrics = createMetrics();
  readonly operators: TestOperator[] = [];

  constructor() {
    this.api.pages = [page([object("a", 1), object("b", 2)], 10)];
  }

  async stop(): Promise<void> {
    for (const operator of this.operators) {
      const stopped = operator.shutDown();
      await this.clock.advance(10 * second);
      await stopped;
    }
  }
}

/** A cluster for each test of a file. */
export const useCluster = (): (() => Cluster) => perTest(() => new Cluster());

/** Records the keys that it reconciles. Tests set what it does with each. */
export class TestOperator extends Operator {
  declare readonly manager: Manager;
  readonly reconciled: string[] = [];
  work: (key: string) => Promise<ReconcileResult | void> = () => Promise.resolve();

  constructor(cluster: Cluster, identity?: string) {
    const { clock, metrics, objects, api } = cluster;
    super({
      name: "test",
      client: { ...objects.client, ...api.client },
      leaderElection:
        identity === undefined ? undefined : { namespace: "system", name: "operator", identity },
      concurrency: 2,
      backoff: { baseMs: 100, maxMs: second },
      clock,
      random: () => 0,
      log: createLogger("silent"),
      metrics,
    });
    cluster.operators.push(this);
  }

  protected override async init(): Promise<void> {
    this.cache({
      resource: resources.Pod,
      transform: (object) => object,
      onChange: ({ object: { metadata } }) => this.controller.queue.add(metadata.name),
    });
  }

  protected override reconcile(key: string): Promise<ReconcileResult | void> {
    this.reconciled.push(key);
    return this.work(key);
  }
}
