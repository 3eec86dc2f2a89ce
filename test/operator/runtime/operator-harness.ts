import { afterEach, beforeEach } from "@jest/globals";
import type { ResourceEvent } from "@dot-i/k8s-operator";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Operator } from "../../../operator/runtime/operator.ts";
import type { ReconcileResult } from "../../../operator/runtime/workqueue.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { FakeObjects } from "./fake-objects.ts";
import { object, page, ScriptedApi } from "./scripted-api.ts";

export const second = 1000;
export const pods = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

/** A small cluster with two pods, and the clock of all operators in it. */
class World {
  readonly api = new ScriptedApi();
  readonly objects = new FakeObjects();
  readonly clock = new VirtualClock();
  readonly metrics = createMetrics();
  readonly running: TestOperator[] = [];

  constructor() {
    this.api.pages = [page([object("a", 1), object("b", 2)], 10)];
  }
}

/** A fresh world for each test of a file; its operators are stopped in the end. */
export const useWorld = (): (() => World) => {
  let world = new World();
  beforeEach(() => {
    world = new World();
  });
  afterEach(async () => {
    for (const operator of world.running) {
      const stopped = operator.shutDown();
      await world.clock.advance(10 * second);
      await stopped;
    }
  });
  return () => world;
};

/** Notes which keys it was asked to reconcile, and does as the test says. */
export class TestOperator extends Operator {
  readonly reconciled: string[] = [];
  readonly seen: ResourceEvent[] = [];
  work: (key: string) => Promise<ReconcileResult | void> = () => Promise.resolve();
  onEvent: (event: ResourceEvent) => Promise<void> = (event) => Promise.resolve(void this.seen.push(event));

  constructor(world: World, identity?: string) {
    const { clock, metrics } = world;
    const client = { ...world.objects.client, ...world.api.client } as ApiClient;
    const leaderElection =
      identity === undefined ? undefined : { namespace: "system", name: "operator", identity };
    const backoff = { baseMs: 100, maxMs: second };
    const log = createLogger("silent");
    super({
      name: "test",
      client,
      leaderElection,
      concurrency: 2,
      backoff,
      clock,
      random: () => 0,
      log,
      metrics,
    });
    world.running.push(this);
  }

  protected override init(): Promise<void> {
    this.cache({
      resource: pods,
      transform: ({ metadata }) => metadata.name,
      onChange: ({ object: name }) => this.manager.queue.add(name),
    });
    return Promise.resolve();
  }

  protected override reconcile(key: string): Promise<ReconcileResult | void> {
    this.reconciled.push(key);
    return this.work(key);
  }

  write(): Promise<unknown> {
    return this.manager.client.replace(pods, object("a", 1));
  }

  tell(name: string): Promise<void> {
    const target = { apiVersion: "v1", kind: "Pod", namespace: "default", name, uid: name };
    this.manager.events.record({ target, type: "Normal", reason: "Told", note: "a word" });
    return this.manager.events.flush();
  }

  isLeader(): boolean {
    return this.manager.isLeader();
  }
}
