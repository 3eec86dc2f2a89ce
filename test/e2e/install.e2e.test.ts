import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { until } from "../../tools/cluster/command.ts";
import { httpGet } from "../support/http.ts";
import { processOf } from "./operator.ts";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;

beforeAll(async () => {
  ns = await TestNamespace.open("install");
  await ns.apply("web", { minReadySeconds: 2 });
});
afterAll(() => ns.close());

/** Reads a file of the process's cgroup, of cgroup v1 or v2. */
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

const get = (url: string): Promise<string> => httpGet(ns.cluster.inside, url);

describe("a DemoApp is created", () => {
  test("its phase: Installing, then Healthy, with the standard conditions", async () => {
    const installing = await ns.phase("web", "Installing");
    expect(installing.status.conditions).toMatchObject([
      { type: "Ready", status: "False", reason: "Installing", observedGeneration: 1 },
      { type: "Reconciling", status: "True" },
      { type: "Available", status: "False" },
    ]);
    const { status } = await ns.healthy("web");
    expect(status.conditions).toMatchObject([
      { type: "Ready", status: "True", reason: "Healthy" },
      { type: "Available", status: "True" },
    ]);
    expect(status).toMatchObject({ readyReplicas: 2, availableReplicas: 2, display: { ready: "2/2" } });
    expect(await ns.kubectl("get", "demoapps")).toMatch(/NAME +PHASE +READY.*\nweb +Healthy +2\/2/);
    expect((await ns.events("web")).map(({ reason }) => reason)).toContain("RolloutAccepted");
  });

  test("its Deployment: has the probes and resources of the spec", async () => {
    const { spec } = await ns.deployment("web");
    expect(spec.template.spec.containers).toHaveLength(1);
    expect(spec.template.spec.containers[0]).toMatchObject({
      livenessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
      readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 1 },
      resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "128Mi" } },
    });
  });

  test("its containers: the kernel enforces the limits, and they have no privileges", async () => {
    for (const pod of await ns.pods("web")) {
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

  test("its Service: a ClusterIP that reaches every pod", async () => {
    const { spec } = await ns.service("web");
    expect(spec.type).toBe("ClusterIP");
    expect(spec.ports).toMatchObject([{ name: "http", port: 80, targetPort: "http" }]);
    const url = `http://${spec.clusterIP}`;
    expect(await get(url)).toBe('200 {"message":"Hello from SRE Demo App!","version":"1.0.0"}');
    expect(await get(`${url}/health`)).toBe('200 {"status":"healthy"}');
    const names = (await ns.pods("web")).map(({ metadata }) => metadata.name).toSorted();
    const seen = new Set<string>();
    await until("each pod has answered", 20_000, async () => {
      const { pod } = JSON.parse((await get(`${url}/version`)).slice(4)) as { pod: string };
      return seen.add(pod).size === names.length ? true : undefined;
    });
    expect([...seen].toSorted()).toEqual(names);
  });
});
