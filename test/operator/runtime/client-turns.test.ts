import { describe, expect, test } from "@jest/globals";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { until } from "../../../tools/cluster/command.ts";
import { settle } from "../../sim/clock.ts";
import { ok, ref, services, useServer, web } from "./client-harness.ts";

const harness = useServer();

describe("when every connection is taken by a request that hangs", () => {
  /** A read that the server holds; gives how to let it be answered. */
  async function hangs(client: ApiClient): Promise<() => Promise<unknown>> {
    const { promise, resolve } = Promise.withResolvers<void>();
    harness.server.answer = (received, response) => {
      if (received.method === "PUT") ok(received, response);
      else void promise.then(() => ok(received, response));
    };
    const slow = client.get(services, ref);
    await until("it is on its way", 2_000, async () => harness.server.received[0]);
    return () => {
      resolve();
      return slow;
    };
  }

  test("what is urgent goes through", async () => {
    const client = harness.connect({ connections: 1 });
    const release = await hangs(client);
    expect(await client.replace(services, web, { urgent: true, timeoutMs: 2_000 })).toEqual(web);
    await release();
  });

  test("a request that waits for its turn has its timeout all the same, and leaves the turn to others", async () => {
    const client = harness.connect({ connections: 1, retries: 0 });
    const release = await hangs(client);
    const late = client.replace(services, web, { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await release();
    expect(await client.replace(services, web)).toEqual(web);
  });

  test("a write that waited asks its fence when its turn comes, not before", async () => {
    const client = harness.connect({ connections: 1, retries: 0 });
    let leads = true;
    const fenced = client.fenced(() => {
      if (!leads) throw new Error("not the leader");
    });
    const release = await hangs(client);
    const write = Promise.allSettled([fenced.replace(services, web)]);
    await settle();
    leads = false;
    await release();
    expect(await write).toMatchObject([{ status: "rejected", reason: { message: "not the leader" } }]);
    expect(harness.server.received.map(({ method }) => method)).toEqual(["GET"]);
  });
});
