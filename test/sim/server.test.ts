import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ConnectionError } from "../../operator/runtime/api-error.ts";
import { type ApiClient, type WatchEvent, createClient } from "../../operator/runtime/client.ts";
import { chaos } from "./apiserver/chaos.ts";
import { FakeApiServer } from "./apiserver/server.ts";
import { VirtualClock, settle } from "./clock.ts";
import { configMaps, deployments } from "./kinds.ts";

let server: FakeApiServer;
let client: ApiClient;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  server = new FakeApiServer({ clock });
  await server.start();
  client = createClient({ server: server.url, retries: 0, userAgent: "tests" });
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

const namespace = "default";
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace, labels },
  data,
});
const create = (name: string) => client.create(configMaps, configMap(name));
const version = async () => (await client.list(configMaps, { namespace })).metadata.resourceVersion ?? "";

interface OpenWatch {
  readonly events: WatchEvent[];
  /** Resolves at the end of the stream, with the error if the stream broke. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

async function watch(resourceVersion: string, options: { labelSelector?: string } = {}): Promise<OpenWatch> {
  const events: WatchEvent[] = [];
  const abort = new AbortController();
  const stream = client.watch(
    configMaps,
    { namespace, resourceVersion, timeoutSeconds: 300, allowWatchBookmarks: true, ...options },
    abort.signal,
  );
  const collect = async (): Promise<unknown> => {
    try {
      for await (const event of stream) events.push(event);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const ended = collect();
  await until(() => server.requests.some(({ verb, code }) => verb === "watch" && code !== 0));
  return { events, ended, stop: () => abort.abort() };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for: ${condition.toString()}`);
    await settle();
  }
}

const eventNames = ({ events }: OpenWatch): string[] =>
  events.map(({ type, object }) => `${type} ${type === "ERROR" ? object.reason : object.metadata.name}`);

describe("a watch", () => {
  test("a watch has a resourceVersion: each later change arrives once", async () => {
    await create("before");
    const watching = await watch(await version());
    await create("a");
    await client.patch(configMaps, { name: "a", namespace }, { type: "merge", body: { data: { x: "1" } } });
    await client.delete(configMaps, { name: "a", namespace });
    await until(() => watching.events.length === 3);
    expect(eventNames(watching)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
    watching.stop();
  });

  test("an object enters and leaves the selection: the events are ADDED and DELETED", async () => {
    const watching = await watch(await version(), { labelSelector: "on=yes" });
    await create("a");
    const label = (on: string | null) =>
      client.patch(
        configMaps,
        { name: "a", namespace },
        { type: "merge", body: { metadata: { labels: { on } } } },
      );
    await label("yes");
    await label(null);
    await until(() => watching.events.length === 2);
    expect(eventNames(watching)).toEqual(["ADDED a", "DELETED a"]);
    watching.stop();
  });

  test("the history before the resourceVersion is compacted: the watch gets 410 and ends", async () => {
    const old = await version();
    await create("a");
    server.compact();
    const watching = await watch(old);
    expect(await watching.ended).toBeUndefined();
    expect(watching.events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });

  test("time passes: the watch sends bookmarks with the latest resourceVersion and ends at its timeout", async () => {
    const watching = await watch(await version());
    await client.create(deployments, deployment("moves-the-version"));
    await clock.advance(60_000);
    await until(() => watching.events.length === 1);
    expect(watching.events).toMatchObject([
      { type: "BOOKMARK", object: { metadata: { resourceVersion: await version() } } },
    ]);
    await clock.advance(300_000);
    expect(await watching.ended).toBeUndefined();
  });
});

const deployment = (name: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "x:1" }] } },
  },
});

describe("faults", () => {
  test("a connection breaks before or after a write: the object exists only in the second case", async () => {
    server.faults.add({ do: "reset-before" });
    await expect(create("a")).rejects.toBeInstanceOf(ConnectionError);
    server.faults.add({ do: "reset-after" });
    await expect(create("b")).rejects.toBeInstanceOf(ConnectionError);
    const { items } = await client.list(configMaps, { namespace });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["b"]);
  });

  test("a rule has a count and retryAfterSeconds: that many requests fail with the delay", async () => {
    server.faults.add({
      when: ({ verb, resource }) => verb === "create" && resource === "configmaps",
      times: 2,
      do: { status: 429, retryAfterSeconds: 3 },
    });
    await expect(create("a")).rejects.toMatchObject({ status: 429, retryAfterMs: 3000 });
    await expect(create("a")).rejects.toMatchObject({ status: 429, reason: "TooManyRequests" });
    await expect(create("a")).resolves.toMatchObject({ metadata: { name: "a" } });
  });

  test.each([
    ["truncate", ["ADDED a"], /middle|closed|terminated/],
    ["reset", ["ADDED a"], /closed|terminated/],
  ] as const)("a watch has the fault %s: the client gets an error", async (fault, expected, error) => {
    server.faults.add({ when: ({ verb }) => verb === "watch", do: { watch: fault, after: 1 } });
    const watching = await watch(await version());
    await create("a");
    await create("b");
    expect(String(await watching.ended)).toMatch(error);
    expect(eventNames(watching)).toEqual(expected);
  });

  test.each([
    ["duplicate", ["ADDED a", "ADDED a", "ADDED b", "ADDED b"]],
    ["silent", []],
  ] as const)("a watch has the fault %s: the watch stays open", async (fault, expected) => {
    server.faults.add({ when: ({ verb }) => verb === "watch", do: { watch: fault } });
    const watching = await watch(await version());
    await create("a");
    await create("b");
    await settle();
    expect(eventNames(watching)).toEqual(expected);
    watching.stop();
  });

  test("the fault gone is injected into an open watch: the client gets an ERROR event", async () => {
    const watching = await watch(await version());
    server.breakWatches("gone");
    await watching.ended;
    expect(eventNames(watching)).toEqual(["ERROR Expired"]);
  });

  test("the server stops and starts: it has the same address and objects", async () => {
    await create("a");
    await server.stop();
    await expect(create("b")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await server.start();
    expect((await client.list(configMaps, { namespace })).items).toHaveLength(1);
  });

  test("two servers have the same seed: the same requests fail", async () => {
    const codes = async (): Promise<number[]> => {
      const other = new FakeApiServer();
      await other.start();
      other.faults.add(chaos({ seed: 7, rate: 0.5, delayMs: 1 }));
      const chaosClient = createClient({ server: other.url, retries: 0 });
      for (let i = 0; i < 30; i += 1)
        await chaosClient.get(configMaps, { name: "x", namespace }).catch(() => undefined);
      await chaosClient.close();
      await other.stop();
      return other.requests.map(({ code }) => code);
    };
    const first = await codes();
    expect(new Set(first).size).toBeGreaterThan(2);
    expect(await codes()).toEqual(first);
  });
});
