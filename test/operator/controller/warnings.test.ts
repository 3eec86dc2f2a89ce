import { describe, expect, test } from "@jest/globals";
import pino from "pino";
import { Warnings } from "../../../operator/controller/warnings.ts";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { app, pod, revision, running, startMs, unready } from "../core/objects.ts";

const v1 = revision("app:1", 1);
const stuck = (name: string) => unready(name, v1, running());
const probeFailed = { reason: "Unhealthy", message: "Readiness probe failed: 503" };

function asking(answer: () => Promise<unknown>) {
  const clock = new VirtualClock(startMs);
  const asked: string[] = [];
  const limits: unknown[] = [];
  const list = (_: unknown, { fieldSelector }: { fieldSelector: string }, call: unknown) => {
    asked.push(fieldSelector);
    limits.push(call);
    return answer();
  };
  const client = { list } as unknown as ApiClient;
  return { clock, asked, limits, subject: new Warnings({ client, clock, log: pino({ level: "silent" }) }) };
}

describe("asking for a pod's events", () => {
  test("is done for pods that don't say themselves why they are not ready, three of them at most", async () => {
    const { asked, subject } = asking(() => Promise.resolve({ items: [probeFailed] }));
    const pods = [pod("fine", v1), ...["a", "b", "c", "d"].map(stuck)];
    expect(await subject.of(app(), pods)).toEqual(
      ["a", "b", "c"].map((name) => ({ pod: name, ...probeFailed })),
    );
    expect(asked).toHaveLength(3);
  });

  test("is not repeated for the same pod within ten seconds", async () => {
    const { clock, asked, subject } = asking(() => Promise.resolve({ items: [probeFailed] }));
    await subject.of(app(), [stuck("a")]);
    await clock.advance(9_000);
    expect(await subject.of(app(), [stuck("a")])).toHaveLength(1);
    expect(asked).toHaveLength(1);
    await clock.advance(2_000);
    await subject.of(app(), [stuck("a")]);
    expect(asked).toHaveLength(2);
  });

  test("holds nothing up: it is tried once, for two seconds", async () => {
    const { limits, subject } = asking(() => Promise.resolve({ items: [] }));
    await subject.of(app(), [stuck("a")]);
    expect(limits).toEqual([{ timeoutMs: 2_000, retries: 0 }]);
  });

  test("counts the ten seconds from the answer, which may have taken long", async () => {
    const answer = Promise.withResolvers<unknown>();
    const { clock, asked, subject } = asking(() => answer.promise);
    const first = subject.of(app(), [stuck("a")]);
    await clock.advance(9_000);
    answer.resolve({ items: [probeFailed] });
    await first;
    await clock.advance(5_000);
    expect(await subject.of(app(), [stuck("a")])).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  test("stops nothing when the API server won't tell", async () => {
    const { subject } = asking(() => Promise.reject(new ApiError(403, { message: "cannot list events" })));
    expect(await subject.of(app(), [stuck("a")])).toEqual([]);
  });
});
