import { afterEach, describe, expect, test } from "@jest/globals";
import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { until } from "../../tools/cluster/command.ts";
import { start } from "../support/program.ts";
import type { Program } from "../support/program.ts";

const main = join(import.meta.dirname, "../../webapp/main.ts");

let program: Program | undefined;
afterEach(async () => {
  program?.kill("SIGKILL");
  await program?.exit;
  program = undefined;
});

async function run(env: Record<string, string> = {}): Promise<Program> {
  program = await start(main, { DRAIN_WAIT_MS: "300", ...env });
  return program;
}
const get = (path: string) => fetch(`http://127.0.0.1:${program?.port}${path}`);
const messages = () => program?.log.map(({ msg }) => msg);

/** Sends bytes to the server. Resolves with the whole response when the server closes the connection. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(program?.port ?? 0, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
    socket.on("error", reject).on("close", () => resolve(answer));
  });
}

describe("SIGTERM", () => {
  test("an idle app: not ready at once, healthy, still serving, then exits with 0", async () => {
    const { kill, exit } = await run();
    expect((await get("/ready")).status).toBe(200);
    kill("SIGTERM");
    await until("unready", 2000, async () => ((await get("/ready")).status === 503 ? true : undefined));
    expect((await get("/health")).status).toBe(200);
    expect((await get("/")).status).toBe(200);
    expect(await exit).toBe(0);
    expect(messages()).toStrictEqual(["listening", "draining", "stopped"]);
  });

  test("a request is in progress: completes before the app exits", async () => {
    const { kill, exit } = await run({ FAULT_LATENCY_MS: "900" });
    const slow = get("/");
    await get("/ready");
    kill("SIGTERM");
    expect((await slow).status).toBe(200);
    expect(await exit).toBe(0);
  });

  test("clients keep their connections: each gets Connection: close, and no request fails", async () => {
    const { kill, exit, port } = await run({ DRAIN_WAIT_MS: "1000" });
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const statuses: (number | undefined)[] = [];
    const askOnce = () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request({ port, host: "127.0.0.1", path: "/", agent }, (answer) => {
          statuses.push(answer.statusCode);
          answer.resume().on("end", () => resolve(answer));
        });
        asked.on("error", reject).end();
      });
    const clients = Array.from({ length: 4 }, async () => {
      while ((await askOnce()).headers.connection !== "close");
    });
    await until("load", 2000, async () => (statuses.length > 20 ? true : undefined));
    kill("SIGTERM");
    await Promise.all(clients);
    expect(new Set(statuses)).toStrictEqual(new Set([200]));
    expect(await exit).toBe(0);
    agent.destroy();
  });

  test("a second signal: the app exits at once with 143", async () => {
    const { kill, exit, log } = await run({ DRAIN_WAIT_MS: "60000" });
    kill("SIGTERM");
    await until("draining", 2000, async () => log.find(({ msg }) => msg === "draining"));
    kill("SIGTERM");
    expect(await exit).toBe(143);
  });

  test("a request exceeds the drain timeout: the request is cut and the app exits with 1", async () => {
    const { kill, exit, log } = await run({
      DRAIN_WAIT_MS: "0",
      DRAIN_TIMEOUT_MS: "100",
      FAULT_LATENCY_MS: "30000",
    });
    const outcome = get("/").catch((error: unknown) => error);
    await get("/ready");
    kill("SIGTERM");
    expect(await exit).toBe(1);
    expect(await outcome).toMatchObject({ name: "TypeError", message: "fetch failed" });
    expect(log.at(-1)).toMatchObject({ msg: "stopped", drained: false });
  });
});

describe("the web app's process", () => {
  test("an environment variable is invalid: exits with 1 and names the variable", async () => {
    const { exit, log } = await run({ PORT: "eighty" });
    expect(await exit).toBe(1);
    expect(log).toMatchObject([
      { level: 60, msg: expect.stringMatching(/^invalid configuration: PORT: .*"eighty"/) },
    ]);
  });

  test("the port is in use: exits with 1 and logs the error", async () => {
    const first = await run();
    const second = await start(main, { PORT: String(first.port) });
    expect(await second.exit).toBe(1);
    expect(second.log).toMatchObject([{ msg: "can't listen on the port", err: { code: "EADDRINUSE" } }]);
  });

  test("a crash fault: exits with 1 and logs the fault", async () => {
    const { exit } = await run({ FAULT_CRASH_AFTER_SECONDS: "0.2" });
    expect(await exit).toBe(1);
    expect(messages()).toStrictEqual(["listening", "fault: crash"]);
  });

  test("requests: are not logged", async () => {
    await run();
    for (const path of ["/", "/health", "/nowhere"]) await get(path);
    expect(messages()).toStrictEqual(["listening"]);
  });

  test("request headers over 8 KiB: 431", async () => {
    await run();
    const answer = await exchange(`GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(9000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("a request is not HTTP: 400 without a stack trace, and the connection is closed", async () => {
    await run();
    const answer = await exchange("hello\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/);
  });

  test("a client never ends its headers: 408 within 8 s", async () => {
    await run();
    const startedAt = performance.now();
    const answer = await exchange("GET / HTTP/1.1\r\nhost: a\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });
});
