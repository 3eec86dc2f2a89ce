import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { StubPrograms } from "../../support/stubprograms.ts";
import { KindCluster } from "../../../tools/cluster/kind.ts";
import { silent } from "../../../tools/cluster/progress.ts";

describe("the provider kind, with programs that only record their calls", () => {
  let programs: StubPrograms;
  const listing = (names: string): string => `[ "$1 $2" = "get clusters" ] && echo "${names}"; exit 0`;
  const cluster = (): KindCluster => new KindCluster("ci", "node");

  const start = (names: string, docker = '[ "$1" != inspect ]'): void => {
    programs = new StubPrograms({ kind: listing(names), docker, kubectl: "exit 0" });
    process.env.DEMOAPP_CACHE = join(programs.folder, "cache");
  };
  beforeEach(() => start("other"));
  afterEach(() => {
    delete process.env.DEMOAPP_CACHE;
    delete process.env.DEMOAPP_KIND_IMAGE;
    programs.remove();
  });

  test("up: creates a cluster of the version in DEMOAPP_KIND_IMAGE, with its own kubeconfig", async () => {
    process.env.DEMOAPP_KIND_IMAGE = "kindest/node:v1.36.1";
    await cluster().up(silent);
    const created = programs.calls().find((call) => call.startsWith("kind create cluster"));
    expect(created).toContain("--name demoapp-ci ");
    expect(created).toContain(`--kubeconfig ${cluster().kubeconfig}`);
    expect(created).toContain("--image kindest/node:v1.36.1");
  });

  test("up: mounts the audit log on the host, where tests read it", async () => {
    await cluster().up(silent);
    const folder = join(programs.folder, "cache/kind/ci");
    const config = parse(readFileSync(join(folder, "kind.yaml"), "utf8")) as {
      nodes: [{ kubeadmConfigPatches: [string]; extraMounts: { hostPath: string; containerPath: string }[] }];
    };
    const [{ kubeadmConfigPatches, extraMounts }] = config.nodes;
    const patch = parse(kubeadmConfigPatches[0]) as {
      apiServer: { extraArgs: Record<string, string>; extraVolumes: { hostPath: string }[] };
    };
    const log = patch.apiServer.extraArgs["audit-log-path"] ?? "";
    const mounted = extraMounts.find(({ containerPath }) => log.startsWith(containerPath));
    expect(log.replace(mounted?.containerPath ?? "", mounted?.hostPath ?? "")).toBe(
      cluster().logFile("audit"),
    );
    const policy = patch.apiServer.extraArgs["audit-policy-file"];
    expect(extraMounts.map(({ containerPath }) => containerPath)).toContain(policy);
    expect(parse(readFileSync(join(folder, "audit.yaml"), "utf8"))).toMatchObject({ kind: "Policy" });
  });

  test("up: starts a registry that the node reaches under the host's name for it", async () => {
    await cluster().up(silent);
    const { registry } = cluster();
    const port = registry.split(":")[1];
    const docker = programs.calls().filter((call) => call.startsWith("docker"));
    expect(docker.join("\n")).toContain(
      `--network kind --publish 127.0.0.1:${port}:5000 docker.io/library/registry`,
    );
    expect(docker.join("\n")).toContain(`cp /dev/stdin /etc/containerd/certs.d/${registry}/hosts.toml`);
  });

  test("up on a running cluster: creates nothing", async () => {
    programs.remove();
    start("demoapp-ci", "exit 0");
    await cluster().up(silent);
    expect(programs.calls().filter((call) => /create|run/.test(call))).toEqual([]);
    expect((await cluster().status()).state).toBe("up");
  });

  test("down: removes the cluster and its registry", async () => {
    await cluster().down(silent);
    expect(programs.calls()).toEqual([
      `kind delete cluster --name demoapp-ci --kubeconfig ${cluster().kubeconfig}`,
      "docker rm --force --volumes demoapp-ci-registry",
    ]);
  });

  test("signal: runs pkill in the node", async () => {
    await cluster().signal("kube-apiserver", "SIGSTOP");
    await cluster().signal("kube-apiserver", "SIGCONT");
    expect(programs.calls()).toEqual(
      ["STOP", "CONT"].map(
        (signal) =>
          `docker exec demoapp-ci-control-plane pkill -${signal} --full ^(/usr/(local/)?bin/)?kube-apiserver( |$)`,
      ),
    );
  });

  test("mode kwok: an error that names the embedded provider", () => {
    expect(() => new KindCluster("ci", "kwok")).toThrow("mode kwok needs the embedded provider");
  });
});
