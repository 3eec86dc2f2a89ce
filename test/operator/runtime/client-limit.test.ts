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

test("two large responses: the second one is read when the first one has been, and small ones are not delayed", async () => {
  const [isRead, isSent] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let end = (): unknown => undefined;
  server().respond = (received, response) => {
    const { pathname } = received.url;
    if (pathname.endsWith("/first")) {
      // More than the network buffers, so that the client has read some when all is written.
      response.write(" ".repeat(14_000_000), () => isRead.resolve());
      end = () => response.end("{}");
    } else if (pathname.endsWith("/second")) {
      response.on("finish", () => isSent.resolve());
      response.end(`${" ".repeat(300_000)}{}`);
    } else ok(received, response);
  };
  const client = server().connect();
  const done: string[] = [];
  const get = async (name: string): Promise<void> => {
    await client.get(resources.Service, { namespace: "shop", name });
    done.push(name);
  };
  const first = get("first");
  await isRead.promise;
  const second = get("second");
  await isSent.promise;
  for (let at = 0; at < 3; at += 1) await get("small");
  end();
  await Promise.all([first, second]);
  expect(done).toEqual(["small", "small", "small", "first", "second"]);
});
