import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { command, until } from "../../tools/cluster/command.ts";
import { processOf } from "./operator.ts";
import { Scene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open("install");
  await scene.apply("web", { minReadySeconds: 2 });
});
afterAll(() => scene.close());

/** A file of the process's cgroup, whichever version the machine has. */
async function cgroupFile(pid: number, controller: string, file: { v1: string; v2: string }) {
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8");
  const lines = groups.split("\n").map((line) => line.split(":"));
  const own = lines.find(([, controllers = ""]) => controllers.split(",").includes(controller));
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  if (own === undefined) {
    const mount = mounts.find(([, , type]) => type === "cgroup2")?.[1];
    return (await readFile(`${mount}${lines[0]?.[2]}/${file.v2}`, "utf8")).trim();
  }
  const mount = mounts.find(
    ([, , type, options = ""]) => type === "cgroup" && options.split(",").includes(controller),
  )?.[1];
  return (await readFile(`${mount}${own[2]}/${file.v1}`, "utf8")).trim();
}

/** Asks a URL from inside the cluster's network. */
const ask = (url: string): Promise<string> =>
  command([
    ...scene.cluster.inside,
    process.execPath,
    "--eval",
    `fetch(${JSON.stringify(url)}).then(async (r) => console.log(r.status, await r.text()))`,
  ]);

describe("one DemoApp becomes", () => {
  test("an installing app, then a healthy one, with conditions that tools understand", async () => {
    const installing = await scene.phase("web", "Installing");
    expect(installing.status.conditions).toMatchObject([
      { type: "Ready", status: "False", reason: "Installing", observedGeneration: 1 },
      { type: "Reconciling", status: "True" },
      { type: "Available", status: "False" },
    ]);
    const { status } = await scene.healthy("web");
    expect(status.conditions).toMatchObject([
      { type: "Ready", status: "True", reason: "Healthy" },
      { type: "Available", status: "True" },
    ]);
    expect(status).toMatchObject({ readyReplicas: 2, availableReplicas: 2, display: { ready: "2/2" } });
    expect(await scene.kubectl("get", "demoapps")).toMatch(/NAME +PHASE +READY.*\nweb +Healthy +2\/2/);
    // The API server lists events by name, which says nothing of their order.
    expect((await scene.events("web")).map(({ reason }) => reason).toSorted()).toEqual([
      "RolloutAccepted",
      "RolloutStarted",
    ]);
  });

  test("a Deployment with the probes and resources that were asked for", async () => {
    const { spec } = await scene.deployment("web");
    expect(spec.template.spec.containers).toHaveLength(1);
    expect(spec.template.spec.containers[0]).toMatchObject({
      livenessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
      readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 1 },
      resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "128Mi" } },
    });
  });

  test("containers that the kernel holds to the limits, without any privilege", async () => {
    for (const pod of await scene.pods("web")) {
      const pid = await processOf(pod);
      const memory = { v1: "memory.limit_in_bytes", v2: "memory.max" };
      expect(await cgroupFile(pid, "memory", memory)).toBe(String(128 * 1024 * 1024));
      expect(await cgroupFile(pid, "cpu", { v1: "cpu.cfs_quota_us", v2: "cpu.max" })).toMatch(/^100000\b/);
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t65532\t/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      const mounts = await readFile(`/proc/${pid}/mounts`, "utf8");
      expect(mounts).toMatch(/^overlay \/ overlay ro,/m);
      expect(mounts).toMatch(/^\S+ \/tmp \S+ rw,/m);
      expect(mounts).not.toContain("serviceaccount");
    }
  });

  test("a ClusterIP Service that reaches every pod", async () => {
    const { spec } = await scene.service("web");
    expect(spec.type).toBe("ClusterIP");
    expect(spec.ports).toMatchObject([{ name: "http", port: 80, targetPort: "http" }]);
    const url = `http://${spec.clusterIP}`;
    expect(await ask(url)).toBe('200 {"message":"Hello from SRE Demo App!","version":"1.0.0"}\n');
    expect(await ask(`${url}/health`)).toBe('200 {"status":"healthy"}\n');
    const names = (await scene.pods("web")).map(({ metadata }) => metadata.name).toSorted();
    const seen = new Set<string>();
    await until("each pod has answered", 20_000, async () => {
      const { pod } = JSON.parse((await ask(`${url}/version`)).slice(4)) as { pod: string };
      return seen.add(pod).size === names.length ? true : undefined;
    });
    expect([...seen].toSorted()).toEqual(names);
  });
});
