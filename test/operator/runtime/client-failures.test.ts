import { describe, expect, test } from "@jest/globals";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import type { WatchEvent } from "../../../operator/runtime/kubernetes.ts";
import { ok, ref, services, useServer, web } from "./client-harness.ts";
import { type Answer, sendJson } from "./http-server.ts";

/** The n-th request gets the n-th answer, later ones the last. */
const inTurn = (...answers: Answer[]): Answer => {
  let turn = 0;
  return (received, response) => {
    answers[Math.min(turn, answers.length - 1)]?.(received, response);
    turn += 1;
  };
};
const reset: Answer = (_, response) => response.destroy();
const silence: Answer = () => undefined;
const refuse =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendJson(response, status, body);
  };

const harness = useServer();

describe("failures", () => {
  const status = {
    kind: "Status",
    message: "spec.x: Invalid value",
    reason: "Invalid",
    code: 422,
    details: { causes: [{ field: "spec.x", message: "no" }] },
  };

  test("a refusal is an ApiError with the server's words, and is not repeated", async () => {
    harness.server.answer = refuse(422, status);
    const error = await harness
      .connect()
      .get(services, ref)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, reason: "Invalid", isInvalid: true, details: status.details });
    expect(harness.server.received).toHaveLength(1);
  });

  test("an answer that is no JSON is told as it is", async () => {
    harness.server.answer = (_, response) => response.writeHead(403).end("<html>no</html>");
    await expect(harness.connect().get(services, ref)).rejects.toMatchObject({
      status: 403,
      message: "<html>no</html>",
    });
  });

  test("a server that can't answer just now is asked again for what is idempotent", async () => {
    harness.server.answer = inTurn(refuse(503), refuse(502), refuse(500, {}, { "retry-after": "0" }), ok);
    expect(await harness.connect().apply(services, web, { fieldManager: "me" })).toEqual(web);
    expect(harness.requests.map(({ status }) => status)).toEqual([503, 502, 500, 200]);
  });

  test("a bare 500 is not tried again: an apply of unknown fields is refused so", async () => {
    harness.server.answer = refuse(500, { kind: "Status", message: ".dat: field not declared in schema" });
    await expect(harness.connect().apply(services, web, { fieldManager: "me" })).rejects.toMatchObject({
      status: 500,
    });
    expect(harness.requests).toHaveLength(1);
  });

  test("a broken connection is tried again for what is idempotent", async () => {
    harness.server.answer = inTurn(reset, reset, ok);
    expect(await harness.connect().get(services, ref)).toEqual(web);
    expect(harness.requests.map(({ status }) => status)).toEqual([0, 0, 200]);
  });

  test("an answer cut in the middle is tried again", async () => {
    harness.server.answer = inTurn((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"half":');
      response.socket?.end();
    }, ok);
    expect(await harness.connect().get(services, ref)).toEqual(web);
  });

  test.each([
    { after: "5xx", name: "ApiError", answer: refuse(503) },
    { after: "a broken connection", name: "ConnectionError", answer: reset },
  ])("a create is not repeated after $after, since it may have happened", async ({ name, answer }) => {
    harness.server.answer = answer;
    await expect(harness.connect().create(services, web)).rejects.toMatchObject({ name });
    expect(harness.server.received).toHaveLength(1);
  });

  test("a create is repeated after 429, when the server says so", async () => {
    harness.server.answer = inTurn(refuse(429, {}, { "retry-after": "1" }), ok);
    const startedMs = performance.now();
    expect(await harness.connect().create(services, web)).toEqual(web);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1000);
  });

  test("a server that asks for much patience gets its answer passed on", async () => {
    harness.server.answer = refuse(429, {}, { "retry-after": "60" });
    await expect(harness.connect().get(services, ref)).rejects.toMatchObject({
      status: 429,
      retryAfterMs: 60_000,
    });
    expect(harness.server.received).toHaveLength(1);
  });

  test("a refused connection is tried again a few times, creates as well, and then told", async () => {
    await harness.server.close();
    const error = await harness
      .connect({ retries: 2 })
      .create(services, web)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
    expect(harness.requests).toHaveLength(3);
  });

  test("a server that does not answer is given up after the timeout", async () => {
    harness.server.answer = silence;
    await expect(harness.connect({ timeoutMs: 50, retries: 1 }).get(services, ref)).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    expect(harness.server.received).toHaveLength(2);
  });

  test("a body that never ends is given up as well", async () => {
    harness.server.answer = (_, response) => response.writeHead(200).write("{");
    await expect(harness.connect({ retries: 0 }).get(services, ref, { timeoutMs: 50 })).rejects.toMatchObject(
      {
        code: "ETIMEDOUT",
      },
    );
  });

  test("an aborted call ends at once and is not repeated", async () => {
    harness.server.answer = silence;
    const stopping = new AbortController();
    const call = harness.connect().list(services, {}, { signal: stopping.signal });
    stopping.abort();
    await expect(call).rejects.toBeInstanceOf(ConnectionError);
    expect(harness.requests.length).toBeLessThanOrEqual(1);
  });
});

describe("fences", () => {
  test("stand before each attempt of a write, and what they throw is passed on", async () => {
    const lost = new Error("not the leader");
    let leading = true;
    harness.server.answer = (_, response) => {
      leading = false;
      sendJson(response, 503, {});
    };
    const client = harness.connect().fenced(() => {
      if (!leading) throw lost;
    });
    await expect(client.apply(services, web, { fieldManager: "me" })).rejects.toBe(lost);
    expect(harness.server.received).toHaveLength(1);
  });

  test("don't stand before reads", async () => {
    const client = harness.connect().fenced(() => {
      throw new Error("not the leader");
    });
    expect(await client.get(services, ref)).toEqual(web);
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
      for await (const item of harness.connect().watch(services, options, signal)) events.push(item);
      return { events, error: undefined };
    } catch (error) {
      return { events, error };
    }
  };

  test("gives the events until the server ends the stream", async () => {
    harness.server.answer = (_, response) =>
      response.end(`${JSON.stringify(event(1))}\n${JSON.stringify(event(2))}\n`);
    expect(await collect()).toEqual({ events: [event(1), event(2)], error: undefined });
    expect(harness.server.received[0]?.url.search).toBe(
      "?resourceVersion=5&timeoutSeconds=300&allowWatchBookmarks=true&labelSelector=a%3Db&watch=true",
    );
  });

  test("a reset in the middle of a line is an error after the whole lines", async () => {
    harness.server.answer = (_, response) => {
      response.write(`${JSON.stringify(event(1))}\n{"type":"ADD`, () => response.socket?.resetAndDestroy());
    };
    const { events, error } = await collect();
    expect(events).toEqual([event(1)]);
    expect(error).toBeInstanceOf(ConnectionError);
  });

  test("a stream that ends in the middle of a line is an error", async () => {
    harness.server.answer = (_, response) => response.end(`${JSON.stringify(event(1))}\n{"type":"ADD`);
    const { events, error } = await collect();
    expect(events).toEqual([event(1)]);
    expect(error).toMatchObject({ message: expect.stringContaining("middle of an event") });
  });

  test("an expired version is an ApiError", async () => {
    harness.server.answer = refuse(410, { kind: "Status", code: 410, reason: "Expired" });
    expect((await collect()).error).toMatchObject({ isGone: true });
  });

  test("ends with the signal's reason", async () => {
    const stopping = new AbortController();
    const reason = new Error("silent");
    harness.server.answer = (_, response) => {
      response.write("\n");
      setImmediate(() => stopping.abort(reason));
    };
    expect((await collect(stopping.signal)).error).toBe(reason);
  });
});
