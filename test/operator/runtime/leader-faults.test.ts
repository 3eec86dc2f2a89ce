import { beforeEach, expect, test } from "@jest/globals";
import { ConnectionError } from "../../../operator/runtime/api-error.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import type { LeaderOptions } from "../../../operator/runtime/leader.ts";
import { leases } from "../../../operator/runtime/lease.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { FakeObjects } from "./fake-objects.ts";
import { electorOf, leaseKey as key } from "./leader-harness.ts";

const second = 1000;
let api: FakeObjects;
let clock: VirtualClock;
beforeEach(() => {
  api = new FakeObjects();
  clock = new VirtualClock();
});

const elect = (identity: string, options: Partial<LeaderOptions> = {}) =>
  electorOf(identity, { client: api.client, clock, ...options });
const lease = () => api.objects.get(key)?.spec as Record<string, unknown> | undefined;

/** A client whose next renewal takes effect, but whose response is lost. */
const loseResponse = (): ApiClient => {
  let isLost = false;
  return {
    ...api.client,
    replace: async (...args: Parameters<ApiClient["replace"]>) => {
      const stored = await api.client.replace(...args);
      if (isLost) return stored;
      isLost = true;
      throw new ConnectionError("ECONNRESET", undefined);
    },
  };
};

test("the response to the last renewal is lost, then the process stops: the lease is released", async () => {
  const { elector } = elect("a", { client: loseResponse() });
  elector.start();
  await settle();
  await clock.advance(2 * second);
  await elector.stop();
  expect(lease()).toMatchObject({ holderIdentity: "" });
});

test("the response to the creation is lost: the process leads at the next attempt", async () => {
  const create: ApiClient["create"] = (...args) => api.client.create(...args);
  const client: ApiClient = {
    ...api.client,
    create: async (...args) => {
      await create(...args);
      throw new ConnectionError("ECONNRESET", undefined);
    },
  };
  const { elector } = elect("a", { client });
  elector.start();
  await clock.advance(5 * second);
  expect(elector.isLeader()).toBe(true);
  await elector.stop();
});

test("a renewal never ends: the next attempt still comes, and the process leads again", async () => {
  let calls = 0;
  const replace: ApiClient["replace"] = (...args) => api.client.replace(...args);
  const client: ApiClient = {
    ...api.client,
    replace: (...args) => ((calls += 1) === 1 ? new Promise(() => undefined) : replace(...args)),
  };
  const { elector } = elect("a", { client });
  elector.start();
  await clock.advance(60 * second);
  expect(elector.isLeader()).toBe(true);
  await elector.stop();
});

test("a person hands the lease to another process: the leader stops, and one of them leads after the lease duration", async () => {
  const [first, other] = [elect("a"), elect("b")];
  first.elector.start();
  await settle();
  other.elector.start();
  await clock.advance(5 * second);
  const live = api.objects.get(key);
  if (live === undefined) throw new Error("no lease");
  await api.client.replace(leases, { ...live, spec: { ...lease(), holderIdentity: "b" } });
  for (let i = 0; i < 60; i += 1) {
    await clock.advance(500);
    expect(first.elector.isLeader() && other.elector.isLeader()).toBe(false);
  }
  expect(first.notifications.slice(0, 2)).toEqual(["started", "stopped"]);
  expect(first.elector.isLeader() || other.elector.isLeader()).toBe(true);
  await first.elector.stop();
  await other.elector.stop();
});

test("a person annotates the Lease: the leader goes on", async () => {
  const { elector, notifications } = elect("a");
  elector.start();
  await settle();
  const live = api.objects.get(key);
  if (live === undefined) throw new Error("no lease");
  await api.client.replace(leases, { ...live, metadata: { ...live.metadata, annotations: { note: "x" } } });
  await clock.advance(10 * second);
  expect(elector.isLeader()).toBe(true);
  expect(notifications).toEqual(["started"]);
  await elector.stop();
});

test("a container restarts under the same name: it goes on at once", async () => {
  const frozen = new VirtualClock();
  const first = elect("a", { clock: frozen });
  first.elector.start();
  await settle();
  const restarted = elect("a");
  restarted.elector.start();
  await settle();
  expect(restarted.elector.isLeader()).toBe(true);
  expect(lease()).toMatchObject({ leaseTransitions: 0 });
  await restarted.elector.stop();
});

test("a process can't work any more: it gives the lease up, and takes it when it can", async () => {
  let isEligible = true;
  const { elector, notifications } = elect("a", { isEligible: () => isEligible });
  elector.start();
  await settle();
  isEligible = false;
  await clock.advance(3 * second);
  expect(notifications).toEqual(["started", "stopped"]);
  expect(lease()).toMatchObject({ holderIdentity: "" });
  isEligible = true;
  await clock.advance(3 * second);
  expect(elector.isLeader()).toBe(true);
  await elector.stop();
});

test("the process stops while it takes the lease: the lease is released", async () => {
  const client: ApiClient = {
    ...api.client,
    create: async (resource, body, options) => {
      const stored = await api.client.create(resource, body, options);
      // The response is on its way.
      return new Promise((resolve, reject) => {
        options?.signal?.addEventListener("abort", () => reject(new ConnectionError("ABORTED", undefined)));
        clock.setTimeout(() => resolve(stored), 500);
      });
    },
  };
  const { elector } = elect("a", { client });
  elector.start();
  await settle();
  await elector.stop();
  expect(lease()).toMatchObject({ holderIdentity: "" });
});

test.each([0, 500, 1000, 1500])(
  "etcd is restored to a time when another process led (%i ms later): never two leaders",
  async (offsetMs) => {
    let isCut = false;
    const cut = <T>(call: () => Promise<T>): Promise<T> =>
      isCut ? Promise.reject(new ConnectionError("ECONNRESET", undefined)) : call();
    const client: ApiClient = {
      ...api.client,
      get: (...args) => cut(() => api.client.get(...args)),
      replace: (...args) => cut(() => api.client.replace(...args)),
    };
    const [first, other] = [elect("a"), elect("b", { client })];
    other.elector.start();
    await clock.advance(3 * second);
    const backup = structuredClone(api.objects.get(key));
    if (backup === undefined) throw new Error("no lease");
    isCut = true;
    first.elector.start();
    await clock.advance(40 * second);
    isCut = false;
    await clock.advance(5 * second + offsetMs);
    expect([first, other].map(({ elector }) => elector.isLeader())).toEqual([true, false]);
    api.objects.set(key, backup);
    for (let i = 0; i < 100; i += 1) {
      await clock.advance(100);
      expect(first.elector.isLeader() && other.elector.isLeader()).toBe(false);
    }
    await first.elector.stop();
    await other.elector.stop();
  },
);
