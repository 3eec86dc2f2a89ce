import { beforeEach, describe, expect, test } from "@jest/globals";
import { NotLeaderError } from "../../../operator/runtime/api-error.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { FakeObjects } from "./fake-objects.ts";
import { electorOf, leaseKey as key } from "./leader-harness.ts";

const second = 1000;

let api: FakeObjects;
let clock: VirtualClock;

const elect = (identity: string, ownClock = clock) =>
  electorOf(identity, { client: api.client, clock: ownClock });

const lease = () => api.objects.get(key)?.spec as Record<string, unknown> | undefined;
const down = () => new Error("ECONNREFUSED");

beforeEach(() => {
  api = new FakeObjects();
  clock = new VirtualClock();
});

describe("a single process", () => {
  test("no lease exists: creates it, leads, and renews it every two seconds with one write", async () => {
    const { elector, notifications, metrics } = elect("a");
    elector.start();
    await settle();
    expect(elector.isLeader()).toBe(true);
    expect(notifications).toEqual(["started"]);
    expect(lease()).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 0,
    });
    await clock.advance(20 * second);
    expect(lease()).toMatchObject({
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:20.000000Z",
    });
    expect(api.writes).toHaveLength(11);
    expect(await metrics.scrape()).toContain('leader_election_master_status{name="operator"} 1');
    await elector.stop();
  });

  test("stop: releases the lease", async () => {
    const { elector, notifications } = elect("a");
    elector.start();
    await settle();
    await elector.stop();
    expect(lease()).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(notifications).toEqual(["started", "stopped"]);
    expect(() => elector.fence()).toThrow(NotLeaderError);
    expect(clock.pending).toBe(0);
  });

  test("the API server is down: leads for ten more seconds, and again when it is back", async () => {
    const { elector, notifications } = elect("a");
    elector.start();
    await settle();
    api.fault = down;
    await clock.advance(9 * second);
    expect(elector.isLeader()).toBe(true);
    await clock.advance(2 * second);
    expect(elector.isLeader()).toBe(false);
    expect(notifications).toEqual(["started", "stopped"]);
    api.fault = undefined;
    await clock.advance(10 * second);
    expect(elector.isLeader()).toBe(true);
    expect(notifications).toEqual(["started", "stopped", "started"]);
    expect(lease()).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
    await elector.stop();
  });

  test("a renewal hangs: stops leading at the deadline; a late response counts from when the request was sent", async () => {
    const { elector, notifications } = elect("a");
    elector.start();
    await settle();
    const renewal = Promise.withResolvers<void>();
    api.hold = renewal.promise;
    await clock.advance(13 * second);
    expect(elector.isLeader()).toBe(false);
    expect(notifications).toEqual(["started", "stopped"]);
    api.hold = undefined;
    renewal.resolve();
    await settle();
    expect(elector.isLeader()).toBe(false);
    await clock.advance(5 * second);
    expect(elector.isLeader()).toBe(true);
    await elector.stop();
  });

  test("the process was stopped for a minute: does not lead, even before any timer runs", async () => {
    const { elector, notifications } = elect("a");
    elector.start();
    await settle();
    clock.jump(60 * second);
    expect(elector.isLeader()).toBe(false);
    expect(() => elector.fence()).toThrow(NotLeaderError);
    await clock.advance(0);
    expect(notifications).toEqual(["started", "stopped", "started"]);
    await elector.stop();
  });
});

describe("two processes", () => {
  test("the leader releases the lease: the other process leads at once", async () => {
    const first = elect("a");
    const other = elect("b");
    first.elector.start();
    await settle();
    other.elector.start();
    await clock.advance(60 * second);
    expect(other.notifications).toEqual([]);
    await first.elector.stop();
    await clock.advance(3 * second);
    expect(other.elector.isLeader()).toBe(true);
    expect(lease()).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    await other.elector.stop();
  });

  test("the leader is killed: the other process leads after the lease duration, not before", async () => {
    const frozen = new VirtualClock();
    const first = elect("a", frozen);
    first.elector.start();
    await settle();
    const other = elect("b");
    other.elector.start();
    await clock.advance(14 * second);
    expect(other.elector.isLeader()).toBe(false);
    await clock.advance(3 * second);
    expect(other.elector.isLeader()).toBe(true);
    await other.elector.stop();
  });

  test("the leader was stopped for a minute: does not lead, and observes the new leader", async () => {
    const frozen = new VirtualClock();
    const first = elect("a", frozen);
    first.elector.start();
    await settle();
    const other = elect("b");
    other.elector.start();
    await clock.advance(60 * second);
    expect(other.elector.isLeader()).toBe(true);
    frozen.jump(60 * second);
    expect(first.elector.isLeader()).toBe(false);
    await frozen.advance(0);
    await frozen.advance(10 * second);
    expect(first.notifications).toEqual(["started", "stopped"]);
    expect(lease()).toMatchObject({ holderIdentity: "b" });
    await first.elector.stop();
    expect(lease()).toMatchObject({ holderIdentity: "b" });
    await other.elector.stop();
  });

  test("clocks differ by an hour: only one process leads", async () => {
    const late = new VirtualClock(Date.UTC(2026, 0, 1, 1));
    const first = elect("a");
    const other = elect("b", late);
    first.elector.start();
    other.elector.start();
    for (let i = 0; i < 30; i += 1) {
      await clock.advance(second);
      await late.advance(second);
      expect(first.elector.isLeader() && other.elector.isLeader()).toBe(false);
    }
    expect(first.notifications.length + other.notifications.length).toBe(1);
    await first.elector.stop();
    await other.elector.stop();
  });

  test("random failures: never both lead", async () => {
    const first = elect("a");
    const other = elect("b");
    first.elector.start();
    other.elector.start();
    let i = 0;
    let handOvers = 0;
    let leader = "";
    for (; i < 300; i += 1) {
      api.fault = (i * 7919) % 97 < 30 ? down : undefined;
      await clock.advance(second);
      expect(first.elector.isLeader() && other.elector.isLeader()).toBe(false);
      const now = first.elector.isLeader() ? "a" : other.elector.isLeader() ? "b" : leader;
      if (now !== leader) handOvers += 1;
      leader = now;
    }
    api.fault = undefined;
    expect(handOvers).toBeGreaterThan(0);
    await first.elector.stop();
    await other.elector.stop();
  });
});
