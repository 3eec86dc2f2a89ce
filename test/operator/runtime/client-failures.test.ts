import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import type { WatchEvent } from "../../../operator/runtime/kubernetes.ts";
import { type Responder, ok, ref, sendJson, useServer, web } from "./http-server.ts";

/** The n-th request gets the n-th response, later requests the last one. */
const sequence = (...responders: Responder[]): Responder => {
  let i = 0;
  return (received, response) => {
    responders[Math.min(i, responders.length - 1)]?.(received, response);
    i += 1;
  };
};
const breakConnection: Responder = (_, response) => response.destroy();
const noResponse: Responder = () => undefined;
const respondWith =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Responder =>
  (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendJson(response, status, body);
  };

const server = useServer();

describe("failures", () => {
  const status = {
    kind: "Status",
    message: "spec.x: Invalid value",
    reason: "Invalid",
    code: 422,
    details: { causes: [{ field: "spec.x", message: "no" }] },
  };

  test("an error response: an ApiError with the server's reason, not retried", async () => {
    server().respond = respondWith(422, status);
    const error = await server()
      .connect()
      .get(resources.Service, ref)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, reason: "Invalid", isInvalid: true });
    expect(server().received).toHaveLength(1);
  });

  test("a response is not JSON: the error message is its text", async () => {
    server().respond = (_, response) => response.writeHead(403).end("<html>no</html>");
    await expect(server().connect().get(resources.Service, ref)).rejects.toMatchObject({
      status: 403,
      message: "<html>no</html>",
    });
  });

  test("502, 503, or 500 with Retry-After, for an idempotent request: retried", async () => {
    server().respond = sequence(
      respondWith(503),
      respondWith(502),
      respondWith(500, {}, { "retry-after": "0" }),
      ok,
    );
    expect(await server().connect().apply(resources.Service, web, { fieldManager: "me" })).toEqual(web);
    expect(server().attempts.map(({ status }) => status)).toEqual([503, 502, 500, 200]);
  });

  test("a 500 without Retry-After: not retried, because it may refuse an unknown field", async () => {
    server().respond = respondWith(500, { kind: "Status", message: ".dat: field not declared in schema" });
    await expect(
      server().connect().apply(resources.Service, web, { fieldManager: "me" }),
    ).rejects.toMatchObject({
      status: 500,
    });
    expect(server().attempts).toHaveLength(1);
  });

  test("the connection breaks during an idempotent request: retried", async () => {
    server().respond = sequence(breakConnection, breakConnection, ok);
    expect(await server().connect().get(resources.Service, ref)).toEqual(web);
    expect(server().attempts.map(({ status }) => status)).toEqual([0, 0, 200]);
  });

  test("a response is cut off: retried", async () => {
    server().respond = sequence((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"half":');
      response.socket?.end();
    }, ok);
    expect(await server().connect().get(resources.Service, ref)).toEqual(web);
  });

  test.each([
    { after: "5xx", name: "ApiError", respond: respondWith(503) },
    { after: "a broken connection", name: "ConnectionError", respond: breakConnection },
  ])(
    "a create fails with $after: not retried, because it may have taken effect",
    async ({ name, respond }) => {
      server().respond = respond;
      await expect(server().connect().create(resources.Service, web)).rejects.toMatchObject({ name });
      expect(server().received).toHaveLength(1);
    },
  );

  test("a create fails with 429: retried after the Retry-After delay", async () => {
    server().respond = sequence(respondWith(429, {}, { "retry-after": "1" }), ok);
    const startedMs = performance.now();
    expect(await server().connect().create(resources.Service, web)).toEqual(web);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1000);
  });

  test("a long Retry-After delay: not retried, and the error has the delay", async () => {
    server().respond = respondWith(429, {}, { "retry-after": "60" });
    await expect(server().connect().get(resources.Service, ref)).rejects.toMatchObject({
      status: 429,
      retryAfterMs: 60_000,
    });
    expect(server().received).toHaveLength(1);
  });

  test("the connection is refused: retried, also a create, then a ConnectionError", async () => {
    await server().stop();
    const error = await server()
      .connect({ retries: 2 })
      .create(resources.Service, web)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
    expect(server().attempts).toHaveLength(3);
  });

  test("the server does not respond: each attempt times out", async () => {
    server().respond = noResponse;
    await expect(
      server().connect({ timeoutMs: 500, retries: 1 }).get(resources.Service, ref),
    ).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    expect(server().received).toHaveLength(2);
  });

  test("a response body never ends: the request times out", async () => {
    server().respond = (_, response) => response.writeHead(200).write("{");
    await expect(
      server().connect({ retries: 0 }).get(resources.Service, ref, { timeoutMs: 50 }),
    ).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
  });

  test("the call is aborted: rejects at once and is not retried", async () => {
    server().respond = noResponse;
    const stopping = new AbortController();
    const call = server().connect().list(resources.Service, {}, { signal: stopping.signal });
    stopping.abort();
    await expect(call).rejects.toBeInstanceOf(ConnectionError);
    expect(server().attempts.length).toBeLessThanOrEqual(1);
  });
});

describe("fences", () => {
  test("the fence throws before a retry of a write: no retry, and the write rejects with the fence's error", async () => {
    const lost = new Error("not the leader");
    let leading = true;
    server().respond = (_, response) => {
      leading = false;
      sendJson(response, 503, {});
    };
    const client = server()
      .connect()
      .fenced(() => {
        if (!leading) throw lost;
      });
    await expect(client.apply(resources.Service, web, { fieldManager: "me" })).rejects.toBe(lost);
    expect(server().received).toHaveLength(1);
  });

  test("a read: the fence is not called", async () => {
    const client = server()
      .connect()
      .fenced(() => {
        throw new Error("not the leader");
      });
    expect(await client.get(resources.Service, ref)).toEqual(web);
  });
});

describe("watching", () => {
  const event = (version: number): WatchEvent => ({
    type: "ADDED",
    object: { ...web, metadata: { ...ref, resourceVersion: String(version) } },
  });
  const collect = async (signal = new AbortController().signal) => {
    const events: WatchEvent[] = [];
    const options = {
      resourceVersion: "5",
      timeoutSeconds: 300,
      allowWatchBookmarks: true,
      labelSelector: "a=b",
    };
    try {
      for await (const item of server().connect().watch(resources.Service, options, signal))
        events.push(item);
      return { events, error: undefined };
    } catch (error) {
      return { events, error };
    }
  };

  test("the server ends the stream: the watch yielded all events and ends", async () => {
    server().respond = (_, response) =>
      response.end(`${JSON.stringify(event(1))}\n${JSON.stringify(event(2))}\n`);
    expect(await collect()).toEqual({ events: [event(1), event(2)], error: undefined });
    expect(server().received[0]?.url.search).toBe(
      "?resourceVersion=5&timeoutSeconds=300&allowWatchBookmarks=true&labelSelector=a%3Db&watch=true",
    );
  });

  test("the connection is reset within a line: the watch yields the complete lines, then throws", async () => {
    server().respond = (_, response) => {
      response.write(`${JSON.stringify(event(1))}\n{"type":"ADD`, () => response.socket?.resetAndDestroy());
    };
    const { events, error } = await collect();
    expect(events).toEqual([event(1)]);
    expect(error).toBeInstanceOf(ConnectionError);
  });

  test("the stream ends within a line: the watch yields the complete lines, then throws", async () => {
    server().respond = (_, response) => response.end(`${JSON.stringify(event(1))}\n{"type":"ADD`);
    const { events, error } = await collect();
    expect(events).toEqual([event(1)]);
    expect(error).toMatchObject({ message: expect.stringContaining("ended within an event") });
  });

  test("the resourceVersion has expired: the watch throws an ApiError", async () => {
    server().respond = respondWith(410, { kind: "Status", code: 410, reason: "Expired" });
    expect((await collect()).error).toMatchObject({ isGone: true });
  });

  test("the signal is aborted: the watch throws the signal's reason", async () => {
    const stopping = new AbortController();
    const reason = new Error("silent");
    server().respond = (_, response) => {
      response.write("\n");
      setImmediate(() => stopping.abort(reason));
    };
    expect((await collect(stopping.signal)).error).toBe(reason);
  });
});
