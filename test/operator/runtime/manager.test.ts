import { beforeEach, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { Manager } from "../../../operator/runtime/manager.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import type { Handler } from "../../../operator/runtime/workqueue.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { FakeObjects } from "./fake-objects.ts";
import { bookmark, expired, second } from "./informer-harness.ts";
import { object, page, ScriptedApi } from "./scripted-api.ts";

const forbidden = new ApiError(403, { message: "forbidden" });
let clock: VirtualClock;
let objects: FakeObjects;
beforeEach(() => {
  clock = new VirtualClock();
  objects = new FakeObjects();
});

interface ProcessOptions {
  readonly identity?: string;
  readonly namespaces?: string[];
  readonly reconcile?: Handler;
}

/** A process that watches pods of a scripted API. All processes share the Lease. */
function startProcess(api: ScriptedApi, options: ProcessOptions = {}) {
  const { identity, namespaces } = options;
  const client: ApiClient = {
    ...objects.client,
    ...api.client,
    fenced: (fence) => objects.client.fenced(fence),
  };
  const manager = new Manager({
    name: "test",
    client,
    namespaces,
    clock,
    random: () => 0,
    log: createLogger("silent"),
    metrics: createMetrics(),
    leaderElection: identity === undefined ? undefined : { namespace: "system", name: "operator", identity },
  });
  const reconciled: string[] = [];
  const reconcile = options.reconcile ?? ((key) => Promise.resolve(void reconciled.push(key)));
  const controller = manager.controller({ name: "test", reconcile });
  controller.cache({
    resource: resources.Pod,
    transform: (pod) => pod,
    keys: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`],
  });
  return { manager, reconciled, queue: controller.queue, start: () => manager.start() };
}

const lastingly = (...pages: ScriptedApi["pages"]): ScriptedApi => {
  const api = new ScriptedApi();
  api.pages = pages;
  return api;
};
const holder = (): unknown =>
  (objects.objects.get("leases/system/operator")?.spec as never)?.["holderIdentity"];

test("a process can't read its kinds: it does not take the lease from one that can", async () => {
  const blind = startProcess(lastingly(forbidden), { identity: "blind" });
  const seeing = startProcess(lastingly(page([object("a", 1)], 10)), { identity: "seeing" });
  blind.start();
  await settle();
  seeing.start();
  await clock.advance(60 * second);
  expect(seeing.manager.isLeader()).toBe(true);
  expect(seeing.reconciled).toEqual(["shop/a"]);
});

test("the leader can't read its kinds any more: it reconciles nothing and gives the lease up, until it can", async () => {
  const api = lastingly(page([object("a", 1)], 10), forbidden);
  const process = startProcess(api, { identity: "one" });
  process.start();
  await settle();
  expect(holder()).toBe("one");
  api.watch.push({ type: "ERROR", object: expired });
  await clock.advance(3 * second);
  process.queue.add("shop/a");
  await clock.advance(3 * second);
  expect(holder()).toBe("");
  expect(process.reconciled).toEqual(["shop/a"]);
  api.pages = [page([object("a", 20)], 30)];
  await clock.advance(60 * second);
  expect(holder()).toBe("one");
  expect(process.reconciled).toEqual(["shop/a", "shop/a"]);
});

test("one of two namespaces can't be read: the other one's keys are reconciled, and the process is ready", async () => {
  const api = lastingly(page([object("a", 1, "shop")], 10));
  const list = api.client.list.bind(api.client);
  let isDenied = true;
  api.client.list = async (resource, options) => {
    if (options.namespace !== "gone") return list(resource, options);
    if (isDenied) throw forbidden;
    return page([], 10);
  };
  const process = startProcess(api, { namespaces: ["shop", "gone"] });
  process.start();
  process.queue.add("gone/b");
  process.queue.add("without-namespace");
  await clock.advance(60 * second);
  expect(process.reconciled).toEqual(["shop/a"]);
  expect(process.manager.ready["cache-pods"]?.()).toBeUndefined();
  isDenied = false;
  await clock.advance(60 * second);
  expect(process.reconciled.toSorted()).toEqual(["gone/b", "shop/a", "without-namespace"]);
});

test("a reconcile is in progress when the process gives the lease up: no other process leads before its end", async () => {
  const api = lastingly(page([object("a", 1)], 10), forbidden);
  const reconcile = Promise.withResolvers<void>();
  const first = startProcess(api, { identity: "one", reconcile: () => reconcile.promise });
  first.start();
  await settle();
  const other = startProcess(lastingly(page([object("a", 1)], 10)), { identity: "two" });
  other.start();
  await clock.advance(second);
  api.watch.push({ type: "ERROR", object: expired });
  await clock.advance(8 * second);
  expect([first, other].map(({ manager }) => manager.isLeader())).toEqual([false, false]);
  reconcile.resolve();
  await clock.advance(6 * second);
  expect(holder()).toBe("two");
  expect(other.reconciled).toEqual(["shop/a"]);
});

test("a reconcile goes on after its term: it can't write, and the process stands for election again after its end", async () => {
  const reconcile = Promise.withResolvers<void>();
  const writes: string[] = [];
  let started = 0;
  const process = startProcess(lastingly(page([object("a", 1)], 10)), {
    identity: "one",
    reconcile: async () => {
      started += 1;
      const term = started;
      await reconcile.promise;
      await process.manager.client.create(resources.Pod, object(`of-reconcile-${term}`, 1));
      writes.push(`reconcile ${term}`);
    },
  });
  process.start();
  await settle();
  clock.jump(11 * second);
  await clock.advance(5 * second);
  expect(process.manager.isLeader()).toBe(false);
  reconcile.resolve();
  await clock.advance(5 * second);
  expect(process.manager.isLeader()).toBe(true);
  expect(writes).toEqual(["reconcile 2"]);
});

test("a reconcile hangs after its term: another process leads and reconciles", async () => {
  const hangs = (): Promise<void> => new Promise(() => undefined);
  const first = startProcess(lastingly(page([object("a", 1)], 10)), { identity: "one", reconcile: hangs });
  first.start();
  await settle();
  const other = startProcess(lastingly(page([object("a", 1)], 10)), { identity: "two" });
  other.start();
  await settle();
  clock.jump(11 * second);
  await clock.advance(30 * second);
  expect(holder()).toBe("two");
  expect(other.reconciled).toEqual(["shop/a"]);
});

test("a reconcile hangs for half an hour: the process is not live", async () => {
  const api = lastingly(page([object("a", 1)], 10));
  const process = startProcess(api, { reconcile: () => new Promise(() => undefined) });
  process.start();
  const reasons = (): unknown[] =>
    Object.values(process.manager.live)
      .map((check) => check())
      .filter((reason) => reason !== undefined);
  for (let minute = 0; minute < 31; minute += 1) {
    if (minute < 30) expect(reasons()).toEqual([]);
    await clock.advance(60 * second);
    api.watch.push(bookmark(11 + minute));
    await settle();
  }
  expect(reasons()).toEqual(["a reconcile has run for 31 minutes"]);
});
