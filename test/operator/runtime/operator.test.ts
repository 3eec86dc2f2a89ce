import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { second, TestOperator, useCluster } from "./operator-harness.ts";
import { object, page } from "./scripted-api.ts";

const lease = "leases/system/operator";
const cluster = useCluster();

describe("lifecycle", () => {
  test("the cache is synced: reconciles its objects, and later changes", async () => {
    const operator = new TestOperator(cluster());
    await operator.start();
    expect(operator.ready["cache-pods"]?.()).toBe("not synced");
    await settle();
    expect(operator.ready["cache-pods"]?.()).toBeUndefined();
    expect(operator.reconciled).toEqual(["a", "b"]);
    cluster().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await settle();
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(await cluster().metrics.scrape()).toContain(
      'controller_runtime_reconcile_total{controller="test",result="success"} 3',
    );
  });

  test("the cache can't sync: reconciles nothing until it can", async () => {
    cluster().api.pages = [new ApiError(404, { message: "no such kind" })];
    const operator = new TestOperator(cluster());
    await operator.start();
    await cluster().clock.advance(60 * second);
    expect(operator.reconciled).toEqual([]);
    cluster().api.pages = [page([object("a", 1)], 10)];
    await cluster().clock.advance(30 * second);
    expect(operator.reconciled).toEqual(["a"]);
  });

  test("a reconcile fails: the key is retried, and the failure is counted", async () => {
    const operator = new TestOperator(cluster());
    operator.work = (key) => (key === "a" ? Promise.reject(new Error("no")) : Promise.resolve());
    await operator.start();
    await cluster().clock.advance(250);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(await cluster().metrics.scrape()).toContain(
      'controller_runtime_reconcile_errors_total{controller="test"} 2',
    );
  });

  test("reconciles fail with API errors and with a defect: each is a failure, only the defect a panic", async () => {
    const operator = new TestOperator(cluster());
    const errors: Record<string, Error> = {
      a: new ApiError(403, {}),
      b: new TypeError("x is not a function"),
    };
    operator.work = (key) => Promise.reject(errors[key] ?? new Error("unknown key"));
    await operator.start();
    await settle();
    expect(operator.reconciled).toEqual(["a", "b"]);
    const text = await cluster().metrics.scrape();
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="test"} 2');
    expect(text).toContain('controller_runtime_reconcile_panics_total{controller="test"} 1');
    expect(text).toContain('controller_runtime_terminal_reconcile_errors_total{controller="test"} 0');
  });

  test("no reconcile yet: the controller's metrics are exported, its concurrency included", async () => {
    void new TestOperator(cluster());
    const text = await cluster().metrics.scrape();
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="test"} 2');
    expect(text).toContain('controller_runtime_active_workers{controller="test"} 0');
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 0');
    expect(text).toContain('controller_runtime_reconcile_panics_total{controller="test"} 0');
  });

  test("a watch is stuck: the liveness check fails", async () => {
    const operator = new TestOperator(cluster());
    await operator.start();
    await settle();
    expect(operator.live["watch-pods"]?.()).toBeUndefined();
    cluster().clock.jump(400 * second);
    expect(operator.live["watch-pods"]?.()).toMatch(/no activity for 400 s/);
  });
});

describe("leadership", () => {
  test("two processes: only the leader reconciles; the other one takes over when it stops", async () => {
    const first = new TestOperator(cluster(), "one");
    await first.start();
    await settle();
    const other = new TestOperator(cluster(), "two");
    await other.start();
    await cluster().clock.advance(30 * second);
    expect(first.reconciled).toEqual(["a", "b"]);
    expect(other.reconciled).toEqual([]);
    await first.shutDown();
    await cluster().clock.advance(3 * second);
    expect(other.reconciled).toEqual(["a", "b"]);
  });

  test("the lease is lost: reconciling pauses until the process leads again", async () => {
    const operator = new TestOperator(cluster(), "one");
    await operator.start();
    await settle();
    cluster().objects.fault = () => new Error("ECONNREFUSED");
    await cluster().clock.advance(11 * second);
    cluster().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await settle();
    expect(operator.reconciled).toEqual(["a", "b"]);
    cluster().objects.fault = undefined;
    await cluster().clock.advance(5 * second);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
  });

  test("the lease is lost: no event is written", async () => {
    const operator = new TestOperator(cluster(), "one");
    const record = (name: string): Promise<void> => {
      const target = { apiVersion: "v1", kind: "Pod", namespace: "default", name, uid: name };
      operator.manager.events.record({ target, type: "Normal", reason: "Test", note: "a note" });
      return operator.manager.events.flush();
    };
    const events = (): number =>
      cluster().objects.writes.filter(({ key }) => key.startsWith("events/")).length;
    await operator.start();
    await settle();
    await record("a");
    expect(events()).toBe(1);
    cluster().clock.jump(60 * second);
    await record("b");
    expect(events()).toBe(1);
  });

  test("the process was stopped for a minute during a reconcile: no write; the key is reconciled when it leads again", async () => {
    const operator = new TestOperator(cluster(), "one");
    let writes = 0;
    operator.work = async (key) => {
      if (key !== "a") return;
      cluster().clock.jump(writes === 0 && operator.reconciled.length <= 2 ? 60 * second : 0);
      await operator.manager.client.replace(resources.Pod, object("a", 1));
      writes += 1;
    };
    await cluster().objects.client.create(resources.Pod, object("a", 1));
    await operator.start();
    await settle();
    expect(writes).toBe(0);
    await cluster().clock.advance(5 * second);
    expect(operator.reconciled).toEqual(["a", "b", "a"]);
    expect(writes).toBe(1);
    expect(await cluster().metrics.scrape()).toContain(
      'controller_runtime_reconcile_errors_total{controller="test"} 0',
    );
  });
});

describe("stopping", () => {
  test("a reconcile is in progress: it ends while the process leads, no other starts, then the lease is released", async () => {
    const operator = new TestOperator(cluster(), "one");
    const reconcile = Promise.withResolvers<void>();
    let ledAtEnd = false;
    operator.work = async () => {
      await reconcile.promise;
      ledAtEnd = operator.manager.isLeader();
    };
    await operator.start();
    await settle();
    const stopping = operator.shutDown();
    cluster().api.watch.push({ type: "ADDED", object: object("c", 12) });
    await cluster().clock.advance(4 * second);
    expect(cluster().objects.objects.get(lease)?.spec).toMatchObject({ holderIdentity: "one" });
    reconcile.resolve();
    await settle();
    await stopping;
    expect(ledAtEnd).toBe(true);
    expect(operator.reconciled).toEqual(["a", "b"]);
    expect(cluster().objects.objects.get(lease)?.spec).toMatchObject({ holderIdentity: "" });
    expect(operator.ready.running?.()).toBe("stopping");
  });

  test("a reconcile hangs: stops within ten seconds and releases the lease", async () => {
    const operator = new TestOperator(cluster(), "one");
    operator.work = () => new Promise<never>(() => undefined);
    await operator.start();
    await settle();
    let stopped = false;
    operator.stop();
    const stopping = operator.shutDown().then(() => (stopped = true));
    await cluster().clock.advance(9.9 * second);
    expect(stopped).toBe(true);
    await stopping;
    expect(cluster().objects.objects.get(lease)?.spec).toMatchObject({ holderIdentity: "" });
  });
});
