import { once } from "node:events";
import { request } from "node:http";
import { type Socket, connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "@jest/globals";
import { Hono } from "hono";
import { type Bindings, createHealthApp } from "../../../operator/runtime/health.ts";
import { type ListenOptions, type Listener, listen } from "../../../operator/runtime/httpserver.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { until } from "../../../tools/cluster/command.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { perTest } from "../../support/per-test.ts";

/** Addresses of this machine: the kubelet's and an attacker's. */
const kubelet = "127.0.0.1";
const attacker = "127.0.0.2";
const maxConnections = 128;

/** The servers and connections of one test. */
class Network {
  readonly sockets: Socket[] = [];
  readonly #listeners: Listener[] = [];

  async listen(options: ListenOptions = {}, app: Parameters<typeof listen>[0] = new Hono()): Promise<number> {
    const listener = await listen(app, 0, { hostname: "127.0.0.1", ...options });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** A health server whose /metrics has as many bytes as the given number. */
  health(options: ListenOptions = {}, bytes = 10): Promise<number> {
    const scrape = (): Promise<string> => Promise.resolve("m".repeat(bytes));
    const app = createHealthApp({ live: {}, ready: {}, metrics: { ...createMetrics(), scrape } });
    return this.listen(options, app);
  }

  async connect(port: number, localAddress: string): Promise<Socket> {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => undefined);
    this.sockets.push(socket);
    await once(socket, "connect");
    return socket;
  }

  async flood(port: number, count: number): Promise<readonly Socket[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect(port, attacker)));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const network = perTest(() => new Network());

const get = async (port: number, path: string, localAddress = kubelet) => {
  const sent = request({ port, path, host: "127.0.0.1", agent: false, localAddress }).end();
  const [response] = (await once(sent, "response")) as [Parameters<typeof text>[0] & { statusCode: number }];
  return { status: response.statusCode, text: await text(response) };
};

const isOpen = (socket: Socket): boolean => !socket.closed && !socket.readableEnded;
/** Resolves when the server has closed the connection. */
const closed = (socket: Socket): Promise<true> =>
  until("the server closes the connection", 5_000, async () => !isOpen(socket) || undefined);

describe("a client opens connections without end", () => {
  test("the kubelet's probe is answered, and as many stay open as the server allows", async () => {
    const port = await network().health();
    for (let round = 0; round < 5; round += 1) {
      await network().flood(port, 200);
      expect(await get(port, "/livez")).toEqual({ status: 200, text: "ok\n" });
    }
    await until("surplus connections are closed", 5_000, async () => {
      for (const socket of network().sockets) socket.resume();
      return network().sockets.filter(isOpen).length <= maxConnections || undefined;
    });
  });

  test("the connection of another client stays open, although it is the oldest", async () => {
    const port = await network().health();
    const scraper = await network().connect(port, kubelet);
    await network().flood(port, 300);
    scraper.write(ask("/metrics"));
    expect(await text(scraper)).toContain("200 OK");
  });

  test("the client has the address of the kubelet, as a pod with hostNetwork: probes are answered", async () => {
    const port = await network().health();
    await Promise.all(Array.from({ length: 300 }, () => network().connect(port, kubelet)));
    expect(await get(port, "/livez")).toMatchObject({ status: 200 });
  });
});

describe("a slow client", () => {
  test.each([
    { name: "nothing", sent: "" },
    { name: "a part of the headers", sent: "GET /livez HTTP/1.1\r\nhost:" },
  ])("sends $name: the connection is closed when the time for a request is over", async ({ sent }) => {
    const socket = await network().connect(await network().health({ requestMs: 100 }), attacker);
    socket.resume().write(sent);
    expect(await closed(socket)).toBe(true);
  });

  test("sends headers without end: the connection is closed at 16 KiB", async () => {
    const socket = await network().connect(await network().health(), attacker);
    socket.resume().write(`GET /livez HTTP/1.1\r\nhost: ${"a".repeat(20_000)}`);
    expect(await closed(socket)).toBe(true);
  });

  test("sends the headers in pieces: the request is answered", async () => {
    const socket = await network().connect(await network().health(), kubelet);
    for (const piece of ["GET /livez HT", "TP/1.1\r\nhost: a\r", "\n\r\n"]) {
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise(setImmediate);
    }
    expect(await text(socket)).toContain("200 OK");
  });

  test("ends its side of the connection after the request: the request is answered", async () => {
    const socket = await network().connect(await network().health(), kubelet);
    socket.end(ask("/livez"));
    expect(await text(socket)).toContain("200 OK");
  });

  test("resets its connection: the server goes on", async () => {
    const port = await network().health();
    for (const sent of ["", "GET ", ask("/metrics")]) {
      const socket = await network().connect(port, attacker);
      socket.write(sent, () => socket.resetAndDestroy());
      await once(socket, "close");
    }
    expect(await get(port, "/livez")).toMatchObject({ status: 200 });
  });

  test("doesn't read the response: the connection is closed when its time is over", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const app = new Hono<{ Bindings: Bindings }>().get("/", ({ env: { outgoing }, text: reply }) => {
      outgoing?.once("close", () => resolve(outgoing.writableFinished));
      return reply("x".repeat(30_000_000));
    });
    const socket = await network().connect(await network().listen({ connectionMs: 200 }, app), attacker);
    socket.pause().write(ask("/"));
    expect(await promise).toBe(false);
  });
});

describe("pipelined requests", () => {
  const requests = ask("/").repeat(2_000);
  test.each([
    { name: "at once: none is handled", pieces: [requests], most: 0 },
    { name: "after the first one: only that one is handled", pieces: [ask("/"), requests], most: 1 },
    { name: "after a part of the first one: none is handled", pieces: ["GET", requests.slice(3)], most: 0 },
    { name: "and bodies are allowed: one is handled", pieces: [requests], most: 1, hasBodies: true },
  ])("a client sends thousands $name, and the connection is closed", async (row) => {
    let handled = 0;
    const app = new Hono().get("/", (context) => {
      handled += 1;
      return context.text("ok");
    });
    const port = await network().listen({ hasBodies: row.hasBodies ?? false }, app);
    const socket = await network().connect(port, attacker);
    for (const piece of row.pieces) await new Promise((resolve) => socket.resume().write(piece, resolve));
    expect(await closed(socket)).toBe(true);
    expect(handled).toBeLessThanOrEqual(row.most);
  });
});

describe("/metrics", () => {
  test("a client doesn't read its scrapes: another client's scrape is complete, and 8 of the first one's stay", async () => {
    const bytes = 10_000_000;
    const port = await network().health({}, bytes);
    const unread = await network().flood(port, 30);
    for (const socket of unread) socket.pause().write(ask("/metrics"));
    expect((await get(port, "/metrics")).text).toHaveLength(bytes);
    const received = await Promise.all(unread.map((socket) => text(socket).catch(() => "")));
    expect(received.filter((response) => response.length > bytes).length).toBeLessThanOrEqual(8);
  });

  test("thousands ask within a second: the metrics are collected once, and again after it", async () => {
    let scrapes = 0;
    const clock = new VirtualClock();
    const scrape = async (): Promise<string> => `scrape ${(scrapes += 1)}`;
    const app = createHealthApp({ live: {}, ready: {}, metrics: { ...createMetrics(), scrape }, clock });
    const texts = async (): Promise<ReadonlySet<string>> =>
      new Set(
        await Promise.all(
          Array.from({ length: 2_000 }, async () => (await app.request("/metrics", {}, {})).text()),
        ),
      );
    expect(await texts()).toEqual(new Set(["scrape 1"]));
    await clock.advance(1_000);
    expect(await texts()).toEqual(new Set(["scrape 2"]));
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s: refused, and the body is not read", async (method) => {
    const port = await network().health();
    const socket = await network().connect(port, kubelet);
    socket.write(`${method} /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n`);
    expect(await text(socket)).toContain("405 Method Not Allowed");
  });
});
