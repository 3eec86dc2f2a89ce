import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "@jest/globals";
import { createDebugApp } from "../../../operator/runtime/debug.ts";
import { listen } from "../../../operator/runtime/httpserver.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { until } from "../../../tools/cluster/command.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { perTest } from "../../support/per-test.ts";

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The debug app on a port of 127.0.0.1. Profiles end when a test advances the clock. */
class DebugServer {
  readonly lines: Record<string, unknown>[] = [];
  readonly clock = new VirtualClock();
  readonly log = createLogger("info", { write: (line: string) => void this.lines.push(JSON.parse(line)) });
  readonly #app = createDebugApp({ log: this.log, clock: this.clock, availableBytes: () => 9 * 2 ** 20 });
  readonly #listening = listen(this.#app, 0, { hostname: "127.0.0.1", hasBodies: true });

  async url(path: string): Promise<string> {
    return `http://127.0.0.1:${(await this.#listening).port}${path}`;
  }

  /** Sends a request with any headers: `fetch` doesn't allow all of them. */
  async ask(path: string, { method = "GET", headers = {}, body = "" }: Ask = {}) {
    const sent = request(await this.url(path), { method, headers, agent: false });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { status: response.statusCode, text: await text(response) };
  }

  /** Starts a profile. Resolves when it is in progress. */
  async startProfile(path = "/debug/profile") {
    const abort = new AbortController();
    const response = fetch(await this.url(path), { signal: abort.signal });
    await until("a profile is in progress", 10_000, async () => this.clock.pending > 0 || undefined);
    return { abort: () => abort.abort(), response };
  }

  async stop(): Promise<void> {
    await (await this.#listening).close();
  }
}

const server = perTest(() => new DebugServer());

describe("who may ask", () => {
  const cases = [
    { name: "another host", headers: { host: "rebound.example:6060" }, status: 403 },
    { name: "a host that starts like localhost", headers: { host: "localhost.example" }, status: 403 },
    { name: "localhost with any port", headers: { host: "localhost:6060" }, status: 200 },
    { name: "127.0.0.1 without a port", headers: { host: "127.0.0.1" }, status: 200 },
    { name: "an image in a foreign page", headers: { "sec-fetch-site": "cross-site" }, status: 403 },
    { name: "the address bar of a browser", headers: { "sec-fetch-site": "none" }, status: 200 },
  ];
  test.each(cases)("$name: $status", async ({ headers, status }) => {
    const answer = await server().ask("/debug/log-level", { headers });
    expect(answer.status).toBe(status);
  });

  test.each(["HEAD", "POST", "OPTIONS"])("%s: refused, and no profile starts", async (method) => {
    expect(await server().ask("/debug/profile", { method })).toMatchObject({ status: 405 });
    expect(server().clock.pending).toBe(0);
  });

  test("the host is refused: the level doesn't change", async () => {
    const headers = { host: "rebound.example" };
    await server().ask("/debug/log-level", { method: "PUT", headers, body: "debug" });
    expect(server().log.level).toBe("info");
  });
});

describe("the log level", () => {
  test("a known level: shown, set at once, and the change is logged", async () => {
    expect(await server().ask("/debug/log-level")).toEqual({ status: 200, text: "info\n" });
    const change = { method: "PUT", body: "debug\n" };
    expect(await server().ask("/debug/log-level", change)).toEqual({ status: 200, text: "debug\n" });
    server().log.debug("details");
    expect(server().lines).toMatchObject([
      { level: "warn", from: "info", to: "debug", msg: "the log level changes" },
      { level: "debug", msg: "details" },
    ]);
  });

  test("an unknown level: refused with the known ones, and unchanged", async () => {
    expect(await server().ask("/debug/log-level", { method: "PUT", body: "loud" })).toEqual({
      status: 400,
      text: "the log level must be one of trace, debug, info, warn, error, fatal, silent\n",
    });
    expect(server().log.level).toBe("info");
  });
});

// test/operator/debug.fault.test.ts takes snapshots: those of jest's own heap would be too big.
test("a heap snapshot needs more memory than is free: refused with both sizes and what to do", async () => {
  const { status, text } = await server().ask("/debug/heap");
  expect(status).toBe(503);
  expect(text).toMatch(
    /^a heap snapshot needs about \d+ MiB, and 9 MiB are free: raise the memory limit, or add \?force/,
  );
  expect(server().lines).toEqual([]);
});

describe("the CPU profile", () => {
  test("a profile of 2 s: ends after 2 s and has the samples", async () => {
    const { response } = await server().startProfile("/debug/profile?seconds=2");
    await server().clock.advance(1_900);
    expect(server().clock.pending).toBe(1);
    await server().clock.advance(100);
    expect(await (await response).json()).toMatchObject({
      nodes: expect.any(Array),
      samples: expect.any(Array),
    });
  });

  test("no duration is given: 30 s", async () => {
    const { response } = await server().startProfile();
    await server().clock.advance(29_900);
    expect(server().clock.pending).toBe(1);
    await server().clock.advance(100);
    expect((await response).status).toBe(200);
  });

  test.each(["0", "61", "1.5", "-1", "soon", ""])("seconds=%s: refused", async (seconds) => {
    expect(await server().ask(`/debug/profile?seconds=${seconds}`)).toEqual({
      status: 400,
      text: "seconds must be a whole number from 1 to 60\n",
    });
  });

  test("a profile is in progress: a second one and a heap snapshot are refused, the log level is not", async () => {
    const { response } = await server().startProfile();
    for (const path of ["/debug/profile", "/debug/heap"])
      expect(await server().ask(path)).toEqual({
        status: 409,
        text: "a heap snapshot or a profile is in progress: try again when it has ended\n",
      });
    expect(await server().ask("/debug/log-level")).toMatchObject({ status: 200 });
    await server().clock.advance(30_000);
    expect((await response).status).toBe(200);
  });

  test("the client disconnects: the profile ends, and the next one can start", async () => {
    const { abort, response } = await server().startProfile();
    abort();
    await expect(response).rejects.toThrow("aborted");
    await until("the profile has ended", 10_000, async () => server().clock.pending === 0 || undefined);
    const next = await server().startProfile("/debug/profile?seconds=1");
    await server().clock.advance(1_000);
    expect((await next.response).status).toBe(200);
  });
});
