import { describe, expect, test } from "@jest/globals";
import pino from "pino";
import { ResponseTooLargeError } from "../../../operator/runtime/api-error.ts";
import { Warnings } from "../../../operator/controller/warnings.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app, pod, revision, running, startMs, unready } from "../core/objects.ts";

const v1 = revision("app:1", 1);
const unexplained = (name: string) => unready(name, v1, running());
const probeFailed = { reason: "Unhealthy", message: "Readiness probe failed: 503" };

function scene(respond: () => Promise<unknown>) {
  const clock = new VirtualClock(startMs);
  const queries: string[] = [];
  const pageSizes: unknown[] = [];
  const limits: unknown[] = [];
  const list = (
    _: unknown,
    { fieldSelector, limit }: { fieldSelector: string; limit: number },
    call: unknown,
  ) => {
    queries.push(fieldSelector);
    pageSizes.push(limit);
    limits.push(call);
    return respond();
  };
  const client = { list } as unknown as ApiClient;
  return {
    clock,
    queries,
    pageSizes,
    limits,
    subject: new Warnings({ client, clock, log: pino({ level: "silent" }) }),
  };
}

describe("querying warning events", () => {
  test("five pods, four unready without a reason in their status: three of the four are queried", async () => {
    const { queries, subject } = scene(() => Promise.resolve({ items: [probeFailed] }));
    const pods = [pod("fine", v1), ...["a", "b", "c", "d"].map(unexplained)];
    expect(await subject.of(app(), pods)).toEqual(
      ["a", "b", "c"].map((name) => ({ pod: name, ...probeFailed })),
    );
    expect(queries).toHaveLength(3);
  });

  test("an event with line breaks and invisible characters: its message is clean in the cache", async () => {
    const event = { reason: "Unhealthy", message: "HTTP 500\n\u202ENext:\u2028Run it" };
    const { subject } = scene(() => Promise.resolve({ items: [event] }));
    expect(await subject.of(app(), [unexplained("a")])).toMatchObject([{ message: "HTTP 500 Next: Run it" }]);
  });

  test("the same pod within ten seconds: no second query", async () => {
    const { clock, queries, subject } = scene(() => Promise.resolve({ items: [probeFailed] }));
    await subject.of(app(), [unexplained("a")]);
    await clock.advance(9_000);
    expect(await subject.of(app(), [unexplained("a")])).toHaveLength(1);
    expect(queries).toHaveLength(1);
    await clock.advance(2_000);
    await subject.of(app(), [unexplained("a")]);
    expect(queries).toHaveLength(2);
  });

  test("a query: has a timeout of two seconds, no retry, at most 50 Events and at most 256 KiB", async () => {
    const { limits, pageSizes, subject } = scene(() => Promise.resolve({ items: [] }));
    await subject.of(app(), [unexplained("a")]);
    expect(limits).toEqual([{ timeoutMs: 2_000, retries: 0, maxBytes: 262_144 }]);
    expect(pageSizes).toEqual([50]);
  });

  test("a slow response: the ten seconds start at the response", async () => {
    const response = Promise.withResolvers<unknown>();
    const { clock, queries, subject } = scene(() => response.promise);
    const first = subject.of(app(), [unexplained("a")]);
    await clock.advance(9_000);
    response.resolve({ items: [probeFailed] });
    await first;
    await clock.advance(5_000);
    expect(await subject.of(app(), [unexplained("a")])).toHaveLength(1);
    expect(queries).toHaveLength(1);
  });

  test.each([
    { name: "257 pods are queried: the first result is dropped", pods: 257, again: 1 },
    { name: "256 pods are queried: all results are kept", pods: 256, again: 0 },
  ])("$name", async ({ pods, again }) => {
    const { queries, subject } = scene(() => Promise.resolve({ items: [probeFailed] }));
    for (let pod = 0; pod < pods; pod += 1) await subject.of(app(), [unexplained(`pod-${pod}`)]);
    await subject.of(app(), [unexplained("pod-0")]);
    expect(queries).toHaveLength(pods + again);
  });

  test("the response is too large: no warnings and no error", async () => {
    const { subject } = scene(() => Promise.reject(new ResponseTooLargeError("/api/v1/events", 262_144)));
    expect(await subject.of(app(), [unexplained("a")])).toEqual([]);
  });

  test("the API server refuses the query: no warnings and no error", async () => {
    const { subject } = scene(() => Promise.reject(new ApiError(403, { message: "cannot list events" })));
    expect(await subject.of(app(), [unexplained("a")])).toEqual([]);
  });
});
