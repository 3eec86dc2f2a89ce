import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { until } from "../../../tools/cluster/command.ts";
import { settle } from "../../sim/clock.ts";
import { ok, ref, useServer, web } from "./http-server.ts";

const server = useServer();

describe("while a request startHangingRead on the only connection", () => {
  /** Sends a read that startHangingRead. Returns a function that lets the server respond. */
  async function startHangingRead(client: ApiClient): Promise<() => Promise<unknown>> {
    const { promise, resolve } = Promise.withResolvers<void>();
    server().respond = (received, response) => {
      if (received.method === "PUT") ok(received, response);
      else void promise.then(() => ok(received, response));
    };
    const slow = client.get(resources.Service, ref);
    await until("the request arrived", 2_000, async () => server().received[0]);
    return () => {
      resolve();
      return slow;
    };
  }

  test("an urgent request: completes", async () => {
    const client = server().connect({ connections: 1 });
    const release = await startHangingRead(client);
    expect(await client.replace(resources.Service, web, { urgent: true, timeoutMs: 2_000 })).toEqual(web);
    await release();
  });

  test("another request: times out while it waits, and later requests complete", async () => {
    const client = server().connect({ connections: 1, retries: 0 });
    const release = await startHangingRead(client);
    const late = client.replace(resources.Service, web, { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await release();
    expect(await client.replace(resources.Service, web)).toEqual(web);
  });

  test("a waiting write: its fence is called when it gets the connection, not before", async () => {
    const client = server().connect({ connections: 1, retries: 0 });
    let leads = true;
    const fenced = client.fenced(() => {
      if (!leads) throw new Error("not the leader");
    });
    const release = await startHangingRead(client);
    const write = Promise.allSettled([fenced.replace(resources.Service, web)]);
    await settle();
    leads = false;
    await release();
    expect(await write).toMatchObject([{ status: "rejected", reason: { message: "not the leader" } }]);
    expect(server().received.map(({ method }) => method)).toEqual(["GET"]);
  });
});
