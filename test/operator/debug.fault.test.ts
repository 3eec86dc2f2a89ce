import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { until } from "../../tools/cluster/command.ts";
import { kubeconfigOf } from "../../tools/cluster/kubeconfig.ts";
import { type Program, start } from "../support/program.ts";
import { sendJson, TestServer } from "./runtime/http-server.ts";

const main = join(import.meta.dirname, "../../operator/main.ts");

let server: TestServer;
let folder: string;
let program: Program | undefined;

beforeEach(async () => {
  server = await new TestServer().start();
  server.respond = (_, response) => {
    response.setHeader("warning", '299 - "this version is old"');
    sendJson(response, 403, { message: "no" });
  };
  folder = await mkdtemp(join(tmpdir(), "demoapp-debug-"));
});
afterEach(async () => {
  program?.kill("SIGKILL");
  await program?.exit;
  await server.stop();
  await rm(folder, { recursive: true });
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function startOperator(env: Record<string, string> = {}): Promise<Program> {
  const kubeconfig = join(folder, "kubeconfig");
  // The kubeconfig library accepts plain HTTP only with this setting.
  await writeFile(kubeconfig, kubeconfigOf({ server: server.url, "insecure-skip-tls-verify": true }));
  program = await start(main, { KUBECONFIG: kubeconfig, ...env });
  return program;
}

async function startWithDebugPort() {
  const port = await freePort();
  const { log } = await startOperator({ DEBUG_PORT: String(port) });
  return { log, port, url: `http://127.0.0.1:${port}` };
}

describe("the debug port of the operator's process", () => {
  test("no setting: no debug endpoint on the port of the probes, and no other port", async () => {
    const { port, log } = await startOperator();
    expect((await fetch(`http://127.0.0.1:${port}/debug/log-level`)).status).toBe(404);
    expect(log.find(({ msg }) => msg === "started")).not.toHaveProperty("debugPort");
  });

  test("a port is set: listens on 127.0.0.1 only", async () => {
    const { port, url } = await startWithDebugPort();
    expect(await (await fetch(`${url}/debug/log-level`)).text()).toBe("info\n");
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    for (const { address } of [...others, { address: "127.0.0.2" }])
      await expect(fetch(`http://${address}:${port}/debug/log-level`)).rejects.toThrow("fetch failed");
  });

  test("a heap snapshot is being read: another one is refused; after its reader disconnects, the next is complete", async () => {
    const { url } = await startWithDebugPort();
    // The machine may have less free memory than the operator wants to see.
    const path = `${url}/debug/heap?force`;
    const [first] = (await once(get(path), "response")) as [IncomingMessage];
    expect((await fetch(path)).status).toBe(409);
    first.destroy();
    const next = await until("the next snapshot", 20_000, async () => {
      const response = await fetch(path);
      return response.ok ? response.json() : undefined;
    });
    const { snapshot, nodes } = next as {
      readonly snapshot: { readonly meta: { readonly node_fields: string[] }; readonly node_count: number };
      readonly nodes: readonly number[];
    };
    expect(nodes).toHaveLength(snapshot.node_count * snapshot.meta.node_fields.length);
  });

  test("SIGTERM during a profile: the process stops at once", async () => {
    const { log, url } = await startWithDebugPort();
    const profile = fetch(`${url}/debug/profile?seconds=60`).then(
      () => "answered",
      () => "cut",
    );
    await until("profiling", 10_000, async () => log.find(({ msg }) => msg === "taking a CPU profile"));
    program?.kill("SIGTERM");
    expect(await program?.exit).toBe(0);
    expect(await profile).toBe("cut");
  });

  test("the level is lowered: details appear in the log without a restart", async () => {
    const { log, url } = await startWithDebugPort();
    await fetch(`${url}/debug/log-level`, { method: "PUT", body: "debug" });
    await until("a line of level debug", 20_000, async () => log.find(({ level }) => level === "debug"));
  });
});

test("the API server warns in each answer: the operator logs the text once", async () => {
  const { log, kill, exit } = await startOperator();
  const lists = () => server.received.filter(({ url }) => url.pathname === "/api/v1/pods");
  await until("the third list of pods", 10_000, async () => lists()[2]);
  kill("SIGTERM");
  expect(await exit).toBe(0);
  const warnings = log.filter(({ warning }) => warning === "this version is old");
  expect(warnings).toMatchObject([{ level: "warn", method: "GET" }]);
});
