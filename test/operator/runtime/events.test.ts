import { beforeEach, expect, test } from "@jest/globals";
import { type EventNote, EventRecorder } from "../../../operator/runtime/events.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { settle, VirtualClock } from "../../sim/clock.ts";
import { usedHeap } from "../../support/heap.ts";
import { FakeObjects } from "./fake-objects.ts";

const minute = 60_000;
const target = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "web", uid: "uid-1" };
const event: EventNote = { target, type: "Warning", reason: "Rejected", note: "revision abc crashed" };

let api: FakeObjects;
let clock: VirtualClock;
let metrics: ReturnType<typeof createMetrics>;
let recorder: EventRecorder;

const stored = () => [...api.objects.values()] as unknown as Record<string, unknown>[];

beforeEach(() => {
  api = new FakeObjects();
  clock = new VirtualClock();
  metrics = createMetrics();
  const client = api.client;
  const log = createLogger("silent");
  recorder = new EventRecorder({
    client,
    component: "operator",
    instance: "operator-0",
    clock,
    log,
    metrics,
  });
});

test("an event: written to the object's namespace with all fields that kubectl shows", async () => {
  recorder.record(event);
  await recorder.flush();
  expect(stored()).toMatchObject([
    {
      metadata: { namespace: "shop", name: expect.stringMatching(/^web\./) },
      involvedObject: target,
      type: "Warning",
      reason: "Rejected",
      message: "revision abc crashed",
      count: 1,
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      source: { component: "operator", host: "operator-0" },
    },
  ]);
});

test("an equal event: increments the count of the first one", async () => {
  recorder.record(event);
  await recorder.flush();
  await clock.advance(minute);
  recorder.record(event);
  await recorder.flush();
  expect(stored()).toMatchObject([
    { count: 2, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:01:00Z" },
  ]);
  expect(api.writes.map(({ verb }) => verb)).toEqual(["create", "patch"]);
});

test("ten equal events at once: one write", async () => {
  const response = Promise.withResolvers<void>();
  api.hold = response.promise;
  recorder.record({ ...event, reason: "Other" });
  for (let i = 0; i < 10; i += 1) recorder.record(event);
  response.resolve();
  await recorder.flush();
  expect(stored()).toMatchObject([{ count: 1 }, { count: 10 }]);
  expect(api.writes).toHaveLength(2);
});

test("another note or object, or an equal event after ten minutes: a new event", async () => {
  recorder.record(event);
  recorder.record({ ...event, note: "revision def crashed" });
  recorder.record({ ...event, target: { ...target, uid: "uid-2" } });
  await recorder.flush();
  await clock.advance(11 * minute);
  recorder.record(event);
  await recorder.flush();
  expect(stored()).toHaveLength(4);
});

test("the API server has deleted the event: an equal event is created again", async () => {
  recorder.record(event);
  await recorder.flush();
  api.objects.clear();
  recorder.record(event);
  await recorder.flush();
  expect(stored()).toMatchObject([{ count: 2 }]);
});

test("many events of one object: rate-limited, events of other objects are not", async () => {
  for (let i = 0; i < 40; i += 1) recorder.record({ ...event, note: `note ${i}` });
  recorder.record({ ...event, target: { ...target, uid: "uid-2" } });
  await recorder.flush();
  expect(stored()).toHaveLength(26);
  expect(await metrics.scrape()).toContain('operator_events_dropped_total{cause="rate"} 15');
  await clock.advance(5 * minute);
  recorder.record({ ...event, note: "later" });
  await recorder.flush();
  expect(stored()).toHaveLength(27);
});

test("the API server fails: the lost event is counted, and later events are written", async () => {
  api.fault = () => new Error("forbidden");
  recorder.record(event);
  await recorder.flush();
  api.fault = undefined;
  recorder.record({ ...event, reason: "Next" });
  recorder.record(event);
  await recorder.flush();
  expect(await metrics.scrape()).toContain('operator_events_dropped_total{cause="error"} 1');
  expect(stored().map(({ reason }) => reason)).toEqual(["Next", "Rejected"]);
});

test.each([
  { recorded: 5_000, stored: 5_000 },
  { recorded: 9_000, stored: 8_193 },
])("the API server hangs while $recorded objects have an event: at most 8,192 events wait", async (burst) => {
  const response = Promise.withResolvers<void>();
  api.hold = response.promise;
  for (let i = 0; i < burst.recorded; i += 1)
    recorder.record({ ...event, target: { ...target, uid: `uid-${i}` } });
  await settle();
  response.resolve();
  await recorder.flush();
  expect(stored()).toHaveLength(burst.stored);
  const dropped =
    /operator_events_dropped_total{cause="full"} (\d+)/.exec(await metrics.scrape())?.[1] ?? "0";
  expect(Number(dropped)).toBe(burst.recorded - burst.stored);
});

test("a long note: cut to the API server's limit", async () => {
  recorder.record({ ...event, note: "x".repeat(5_000) });
  await recorder.flush();
  expect(stored()[0]?.message).toHaveLength(1_024);
});

test("the notes of many objects are long: the recorder keeps no more than it writes", async () => {
  const before = usedHeap();
  for (let i = 0; i < 500; i += 1) {
    const note = `${i} ${"x".repeat(200_000)}`.toUpperCase();
    recorder.record({ ...event, target: { ...target, uid: `uid-${i}` }, note });
  }
  await recorder.flush();
  expect(usedHeap() - before).toBeLessThan(10_000_000);
  expect(stored()).toHaveLength(500);
});
