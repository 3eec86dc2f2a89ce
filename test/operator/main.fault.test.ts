import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { demoAppKind } from "../sim/demoapp.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { kubeconfigOf } from "../../tools/cluster/kubeconfig.ts";
import { type Program, start } from "../support/program.ts";
import { kinds } from "../../tools/objects.ts";

const main = join(import.meta.dirname, "../../operator/main.ts");
const namespace = "default";

let server: FakeApiServer;
let client: ApiClient;
let folder: string;
let program: Program | undefined;

beforeEach(async () => {
  server = new FakeApiServer({ kinds: [demoAppKind()] });
  await server.start();
  client = createClient({ server: server.url, userAgent: "tests" });
  folder = await mkdtemp(join(tmpdir(), "demoapp-main-"));
});
afterEach(async () => {
  program?.kill("SIGKILL");
  await program?.exit;
  program = undefined;
  await client.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Starts the operator's process. Resolves when it is ready and leads. */
async function startOperator(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf({ server: server.url }));
  const started = await start(main, {
    KUBECONFIG: kubeconfig,
    POD_NAMESPACE: namespace,
    POD_NAME: "pod-a",
    ...env,
  });
  program = started;
  await until("ready", 10_000, async () =>
    (await fetch(`http://127.0.0.1:${started.port}/readyz`)).ok ? true : undefined,
  );
  await until("leading", 10_000, async () => (await holder()) === "pod-a" || undefined);
  return started;
}

async function holder(): Promise<unknown> {
  const { items } = await client.list(kinds.Lease, { namespace });
  return (items[0]?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity;
}

/** Makes all requests of the operator hang, except lists and watches, then creates an app to reconcile. */
async function hangReconcile(): Promise<void> {
  const isOperator = (userAgent: string): boolean => userAgent === "demoapp-operator";
  const unaffected: ReadonlySet<string> = new Set(["list", "watch"]);
  server.faults.add({
    times: Infinity,
    do: "hang",
    when: ({ verb, userAgent }) => isOperator(userAgent) && !unaffected.has(verb),
  });
  const metadata = { namespace, name: "web" };
  await client.create(kinds.DemoApp, {
    apiVersion: "demoapp.dev/v1",
    kind: "DemoApp",
    metadata,
    spec: { image: "app:1" },
  });
  await until("a request hangs", 10_000, async () =>
    server.requests.find(
      ({ resource, code, userAgent }) => resource !== "leases" && code === 0 && isOperator(userAgent),
    ),
  );
}

describe("the operator's process", () => {
  test("SIGTERM: releases its lease and exits with 0", async () => {
    const { kill, exit } = await startOperator();
    kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(await holder()).toBe("");
  });

  test("SIGTERM while the API server hangs: exits with 0 before Kubernetes would kill the process", async () => {
    const { kill, exit, log } = await startOperator();
    await hangReconcile();
    const startedAt = performance.now();
    kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(14_000);
    expect(log.map(({ msg }) => msg)).toContain("stopping while a reconcile is in progress");
  });

  test("a second signal: exits with 1 at once", async () => {
    const { kill, exit, log } = await startOperator();
    await hangReconcile();
    kill("SIGTERM");
    await until("stopping", 5_000, async () => log.find(({ msg }) => msg === "stopping"));
    kill("SIGTERM");
    expect(await exit).toBe(1);
    expect(log.map(({ msg }) => msg)).not.toContain("stopping while a reconcile is in progress");
  });

  test("METRICS_AUTH is true: no metrics without a token, or while the API server can't be asked; probes are open", async () => {
    const { port } = await startOperator({ METRICS_AUTH: "true" });
    const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
    expect(await statusOf("/metrics")).toBe(401);
    // The fake API server has no reviews.
    expect(await statusOf("/metrics", { authorization: "Bearer token" })).toBe(503);
    expect(await statusOf("/livez")).toBe(200);
  });

  test.each([
    { name: "a setting is invalid", env: { CONCURRENCY: "many" } },
    { name: "the kubeconfig does not exist", env: { KUBECONFIG: "/nowhere" } },
  ])("$name: exits with 2", async ({ env }) => {
    const { exit } = await start(main, env);
    expect(await exit).toBe(2);
  });
});
