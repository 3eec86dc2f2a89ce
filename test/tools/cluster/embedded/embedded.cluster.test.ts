import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { command, until } from "../../../../tools/cluster/command.ts";
import { silent } from "../../../../tools/cluster/progress.ts";
import { EmbeddedCluster } from "../../../../tools/cluster/embedded/cluster.ts";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { tracesOf } from "../../../../tools/cluster/embedded/traces.ts";

const names = ["selftest-a", "selftest-b"];
const [first, second] = names.map((name) => new EmbeddedCluster(name, "node")) as [
  EmbeddedCluster,
  EmbeddedCluster,
];
const WAIT_MS = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "demoapp-selftest-"));
  const server = 'require("http").createServer((_, r) => r.end(process.env.SAYS)).listen(8080);';
  await writeFile(join(folder, "server.cjs"), server);
  await writeFile(
    join(folder, "Dockerfile"),
    'ARG RUNTIME_IMAGE\nFROM ${RUNTIME_IMAGE}\nCOPY server.cjs /server.cjs\nCMD ["/server.cjs"]\n',
  );
  for (const cluster of [first, second]) await cluster.down(silent);
});

afterAll(async () => {
  for (const cluster of [first, second]) await cluster.down(silent);
  await rm(folder, { recursive: true, force: true });
});

const kubectl = (cluster: EmbeddedCluster, ...args: string[]): Promise<string> =>
  command([cluster.kubectl, "--kubeconfig", cluster.kubeconfig, ...args]);

/** A pod with a NodePort Service of the same number in every cluster. */
const manifest = (image: string, says: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "hello", labels: { app: "hello" } },
        spec: { containers: [{ name: "hello", image, env: [{ name: "SAYS", value: says }] }] },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "hello" },
        spec: { type: "NodePort", selector: { app: "hello" }, ports: [{ port: 8080, nodePort: 30080 }] },
      },
    ],
  });

async function runPod(cluster: EmbeddedCluster): Promise<void> {
  const image = await cluster.build({
    dockerfile: join(folder, "Dockerfile"),
    context: folder,
    tag: "hello:1",
  });
  expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const file = join(folder, `${cluster.name}.json`);
  await writeFile(file, manifest(`${image.ref}@${image.digest}`, cluster.name));
  await kubectl(cluster, "apply", "-f", file);
  await kubectl(cluster, "wait", "--for=condition=Ready", "pod/hello", `--timeout=${WAIT_MS / 1000}s`);
}

/** Asks the NodePort from inside the cluster's network: both clusters use the same number. */
const ask = (cluster: EmbeddedCluster): Promise<string> =>
  until("the NodePort answers", WAIT_MS, () =>
    command([...cluster.inside, process.execPath, "-e", FETCH]).then((text) => text || undefined),
  );
const FETCH = 'fetch("http://127.0.0.1:30080").then((r) => r.text()).then((t) => process.stdout.write(t))';

test("two clusters run pods side by side without touching each other", async () => {
  for (const cluster of [first, second]) {
    await cluster.up(silent);
    await runPod(cluster);
  }
  await expect(Promise.all([ask(first), ask(second)])).resolves.toEqual(names);
});

test("nobody gets in without a certificate", async () => {
  const server = /server: (\S+)/.exec(readFileSync(first.kubeconfig, "utf8"))?.[1] ?? "";
  const ca = readFileSync(join(clusterPaths(first.name).pki, "ca.crt"));
  const status = await new Promise((resolve, reject) => {
    get(`${server}/version`, { ca }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  expect(status).toBe(401);
});

test("an image that isn't there is reported as not found", async () => {
  await kubectl(first, "run", "missing", "--image", `${first.registry}/hello:missing`);
  await until("the pull fails", WAIT_MS, async () => {
    const pod = await kubectl(first, "get", "pod", "missing", "-o", "json");
    return /ErrImagePull|ImagePullBackOff/.test(pod) && pod.includes("not found") ? true : undefined;
  });
});

test("up repairs a cluster whose parts were killed, and its pods live on", async () => {
  const startedAt = await podStart(first);
  for (const component of ["etcd", "kube-apiserver", "containerd", "kubelet"] as const)
    await first.kill(component);
  expect((await first.status()).state).toBe("partial");
  await first.up(silent);
  expect((await first.status()).state).toBe("up");
  await expect(ask(first)).resolves.toBe(first.name);
  await expect(podStart(first)).resolves.toBe(startedAt);
});

test("up on a running cluster restarts nothing", async () => {
  const before = await first.status();
  await first.up(silent);
  await expect(first.status()).resolves.toEqual(before);
});

test("a paused API server comes back", async () => {
  await first.pause("kube-apiserver");
  expect((await first.status()).state).toBe("partial");
  await first.resume("kube-apiserver");
  await expect(kubectl(first, "get", "--raw", "/readyz")).resolves.toBe("ok");
});

test("down leaves nothing behind and the other cluster alone", async () => {
  await first.down(silent);
  expect(tracesOf(first.name)).toEqual([]);
  await expect(ask(second)).resolves.toBe(second.name);
  await second.down(silent);
  expect(tracesOf(second.name)).toEqual([]);
});

test("down removes a half-started cluster", async () => {
  const up = first.up(silent).then(
    () => "up",
    () => "failed",
  );
  await until("containerd was started", WAIT_MS, async () =>
    (await first.status()).components.some(({ name, state }) => name === "containerd" && state === "running")
      ? true
      : undefined,
  );
  await first.kill("etcd");
  await up;
  await first.down(silent);
  expect(tracesOf(first.name)).toEqual([]);
});

const podStart = (cluster: EmbeddedCluster): Promise<string> =>
  kubectl(
    cluster,
    "get",
    "pod",
    "hello",
    "-o",
    "jsonpath={.status.containerStatuses[0].state.running.startedAt}",
  );
