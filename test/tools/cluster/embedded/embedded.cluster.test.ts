import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { until } from "../../../../tools/cluster/command.ts";
import { kubectl } from "../../../../tools/cluster/kubectl.ts";
import { silent } from "../../../../tools/cluster/progress.ts";
import { EmbeddedCluster } from "../../../../tools/cluster/embedded/cluster.ts";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { httpGet } from "../../../support/http.ts";
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
  const server = 'require("http").createServer((_, r) => r.end(process.env.MESSAGE)).listen(8080);';
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

/** A pod and a Service with the same NodePort in every cluster. */
const manifest = (image: string, message: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "hello", labels: { app: "hello" } },
        spec: { containers: [{ name: "hello", image, env: [{ name: "MESSAGE", value: message }] }] },
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
  await kubectl(cluster, ["apply", "-f", file]);
  await kubectl(cluster, ["wait", "--for=condition=Ready", "pod/hello", `--timeout=${WAIT_MS / 1000}s`]);
}

/** The pod's response through the NodePort, whose number is the same in both clusters. */
const responseOf = (cluster: EmbeddedCluster): Promise<string> =>
  until("the NodePort answers", WAIT_MS, () => httpGet(cluster.inside, "http://127.0.0.1:30080"));

test("two clusters: pods of both run at the same time, on the same NodePort", async () => {
  for (const cluster of [first, second]) {
    await cluster.up(silent);
    await runPod(cluster);
  }
  await expect(Promise.all([responseOf(first), responseOf(second)])).resolves.toEqual(
    names.map((name) => `200 ${name}`),
  );
});

test("a request without a certificate: 401", async () => {
  const server = /server: (\S+)/.exec(readFileSync(first.kubeconfig, "utf8"))?.[1] ?? "";
  const ca = readFileSync(join(clusterPaths(first.name).pki, "ca.crt"));
  const status = await new Promise((resolve, reject) => {
    get(`${server}/version`, { ca }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  expect(status).toBe(401);
});

test("an image that does not exist: the pod reports that it was not found", async () => {
  await kubectl(first, ["run", "missing", "--image", `${first.registry}/hello:missing`]);
  await until("the pull fails", WAIT_MS, async () => {
    const pod = await kubectl(first, ["get", "pod", "missing", "-o", "json"]);
    return /ErrImagePull|ImagePullBackOff/.test(pod) && pod.includes("not found") ? true : undefined;
  });
});

test("components are killed: up starts them again, and the pods keep running", async () => {
  const startedAt = await podStart(first);
  for (const component of ["etcd", "kube-apiserver", "containerd", "kubelet"] as const)
    await first.signal(component, "SIGKILL");
  expect((await first.status()).state).toBe("partial");
  await first.up(silent);
  expect((await first.status()).state).toBe("up");
  await expect(responseOf(first)).resolves.toBe(`200 ${first.name}`);
  await expect(podStart(first)).resolves.toBe(startedAt);
});

test("up on a running cluster: restarts nothing", async () => {
  const before = await first.status();
  await first.up(silent);
  await expect(first.status()).resolves.toEqual(before);
});

test("the API server is paused and resumed: it is ready", async () => {
  await first.signal("kube-apiserver", "SIGSTOP");
  expect((await first.status()).state).toBe("partial");
  await first.signal("kube-apiserver", "SIGCONT");
  await expect(kubectl(first, ["get", "--raw", "/readyz"])).resolves.toBe("ok");
});

test("down: leaves no trace, and the other cluster keeps running", async () => {
  await first.down(silent);
  expect(tracesOf(first.name)).toEqual([]);
  await expect(responseOf(second)).resolves.toBe(`200 ${second.name}`);
  await second.down(silent);
  expect(tracesOf(second.name)).toEqual([]);
});

test("down on a partly started cluster: leaves no trace", async () => {
  const up = first.up(silent).then(
    () => "up",
    () => "failed",
  );
  await until("containerd was started", WAIT_MS, async () =>
    (await first.status()).components.some(({ name, state }) => name === "containerd" && state === "running")
      ? true
      : undefined,
  );
  await first.signal("etcd", "SIGKILL");
  await up;
  await first.down(silent);
  expect(tracesOf(first.name)).toEqual([]);
});

const podStart = (cluster: EmbeddedCluster): Promise<string> => {
  const path = "{.status.containerStatuses[0].state.running.startedAt}";
  return kubectl(cluster, ["get", "pod", "hello", "-o", `jsonpath=${path}`]);
};
