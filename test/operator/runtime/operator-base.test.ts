import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceEvent, ResourceMeta } from "@dot-i/k8s-operator";
import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { settle } from "../../sim/clock.ts";
import { second, TestOperator, useCluster } from "./operator-harness.ts";
import { object, page } from "./scripted-api.ts";

const cluster = useCluster();

class WatchingOperator extends TestOperator {
  readonly events: ResourceEvent[] = [];
  onEvent: (event: ResourceEvent) => Promise<void> = async (event) => void this.events.push(event);

  protected override init(): Promise<void> {
    return this.watchResource("", "v1", "pods", (event) => this.onEvent(event), "shop");
  }

  status(meta: ResourceMeta): Promise<ResourceMeta> {
    return this.setResourceStatus(meta, { ready: true });
  }

  mergeStatus(meta: ResourceMeta): Promise<ResourceMeta> {
    return this.patchResourceStatus(meta, { ready: true });
  }

  finalize(event: ResourceEvent): Promise<boolean> {
    return this.handleResourceFinalizer(event, "test/finalizer", () => Promise.resolve());
  }

  uri(): string {
    return this.getCustomResourceApiUri("demo.dev", "v1", "things", "shop");
  }
}

describe("the base class's methods", () => {
  const start = async (): Promise<WatchingOperator> => {
    const operator = new WatchingOperator(cluster());
    await operator.start();
    await settle();
    return operator;
  };
  const first = async (): Promise<{ operator: WatchingOperator; event: ResourceEvent }> => {
    const operator = await start();
    const [event] = operator.events;
    if (event === undefined) throw new Error("no event came");
    await cluster().objects.client.create(resources.Pod, object(event.meta.name, 1));
    return { operator, event: { ...event, meta: { ...event.meta, resourceVersion: "1" } } };
  };

  test("watchResource: lists and watches, and reports a deletion that only a list shows", async () => {
    const operator = await start();
    expect(cluster().api.lists[0]).toMatchObject({ namespace: "shop" });
    cluster().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await settle();
    cluster().api.pages = [page([object("a", 11)], 30)];
    cluster().api.watch.push({ type: "ERROR", object: { code: 410 } });
    await settle();
    expect(operator.events.map(({ type, meta }) => `${type} ${meta.id} ${meta.name}`)).toEqual([
      "ADDED pods.v1 a",
      "ADDED pods.v1 b",
      "MODIFIED pods.v1 a",
      "DELETED pods.v1 b",
    ]);
  });

  test("an event handler rejects: the event is delivered again, or a newer one instead", async () => {
    const operator = new WatchingOperator(cluster());
    let failures = 2;
    const delivered: string[] = [];
    operator.onEvent = ({ meta }) => {
      delivered.push(`${meta.name}@${meta.resourceVersion}`);
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error("no")) : Promise.resolve();
    };
    await operator.start();
    await settle();
    cluster().api.watch.push({ type: "MODIFIED", object: object("a", 11) });
    await cluster().clock.advance(second);
    expect(delivered).toEqual(["a@1", "b@2", "a@11", "b@2"]);
  });

  test("status and finalizers: written, and errors of the API server reject", async () => {
    const { operator, event } = await first();
    const meta = await operator.status(event.meta);
    expect(cluster().objects.objects.get("pods/shop/a")).toMatchObject({ status: { ready: true } });
    expect(meta).toMatchObject({ id: "pods.v1", name: "a", resourceVersion: "2" });
    expect(await operator.mergeStatus(meta)).toMatchObject({ name: "a" });
    expect(await operator.finalize(event)).toBe(true);
    expect(cluster().objects.writes.at(-1)?.body).toMatchObject({
      metadata: { finalizers: ["test/finalizer"] },
    });
    await expect(operator.status(event.meta)).rejects.toMatchObject({ isConflict: true });
    cluster().objects.fault = () => new ApiError(403, { message: "no" });
    await expect(operator.mergeStatus(event.meta)).rejects.toMatchObject({ isForbidden: true });
    await expect(operator.finalize(event)).rejects.toMatchObject({ isForbidden: true });
  });

  test("the URI of a resource: has the client's server", async () => {
    expect((await start()).uri()).toBe("https://test/apis/demo.dev/v1/namespaces/shop/things");
  });

  test("super calls in operator/: only super.start", () => {
    const root = join(import.meta.dirname, "../../../operator");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const calls = files.flatMap((name) => readFileSync(join(root, name), "utf8").match(/super\.\w+/g) ?? []);
    expect(calls).toEqual(["super.start"]);
  });
});
