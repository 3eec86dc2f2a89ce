import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { parseHierarchies } from "../../../../tools/cluster/embedded/cgroups.ts";
import { componentsOf, specOf } from "../../../../tools/cluster/embedded/components.ts";
import {
  cniConfig,
  containerdConfig,
  kubeletConfig,
  proxyConfig,
  registryConfig,
} from "../../../../tools/cluster/embedded/config.ts";
import {
  REGISTRY,
  cidrs,
  hostLink,
  innerAddress,
  MAX_SLOT,
  versions,
} from "../../../../tools/cluster/embedded/constants.ts";
import { missingPackages } from "../../../../tools/cluster/embedded/debian.ts";
import { sharedLibraries } from "../../../../tools/cluster/embedded/images.ts";
import { clusterPaths } from "../../../../tools/cluster/embedded/paths.ts";
import { subjects } from "../../../../tools/cluster/embedded/pki.ts";
import { isListening } from "../../../../tools/cluster/embedded/readiness.ts";
import { cniResultsOf, mountsBelow } from "../../../../tools/cluster/embedded/sweep.ts";

const layout = (name: string, mode: "node" | "kwok" | "api") => ({
  paths: clusterPaths(name),
  mode,
  address: innerAddress(1),
  kubernetes: "/bin/kubernetes",
  kwok: "/bin/kwok",
});

describe("two clusters", () => {
  test("their configurations share no folder, socket, namespace or cgroup", () => {
    const render = (name: string): string => {
      const paths = clusterPaths(name);
      const files = [kubeletConfig, proxyConfig, containerdConfig, cniConfig].map((of) => of(paths));
      files.push(registryConfig(join(paths.state, "registry"), REGISTRY));
      return JSON.stringify([files, componentsOf.node.map((one) => specOf(one, layout(name, "node")))]);
    };
    const own = /"[^"]*\/(?:\.cache|run|cgroup)[^"]*"/g;
    const ofOne = new Set(render("one").match(own));
    expect([...(render("two").match(own) ?? [])].filter((path) => ofOne.has(path))).toEqual([]);
    expect(kubeletConfig(clusterPaths("one"))).toMatchObject({ cgroupRoot: "/demoapp-one" });
  });

  test("their links and addresses differ, and the names are short enough for the kernel", () => {
    expect(innerAddress(1)).not.toBe(innerAddress(2));
    expect(hostLink(MAX_SLOT).length).toBeLessThanOrEqual(15);
  });
});

describe("command lines", () => {
  test("mode node: TLS verification and authentication stay on", () => {
    const all = JSON.stringify(componentsOf.node.map((one) => specOf(one, layout("demo", "node"))));
    expect(all).not.toMatch(/insecure-skip|anonymous-auth=true|AlwaysAllow/);
    expect(all).toContain("--anonymous-auth=false");
    expect(all).toContain("--authorization-mode=Node,RBAC");
  });

  test("mode kwok only: raised client limits", () => {
    const controllers = (mode: "kwok" | "node"): string[] => [
      ...specOf("kube-controller-manager", layout("demo", mode)).argv,
    ];
    expect(controllers("kwok")).toContain("--kube-api-qps=2000");
    expect(controllers("node").filter((flag) => flag.startsWith("--kube-api-qps"))).toEqual([]);
  });

  test("mode kwok: a command line for every component", () => {
    const names = componentsOf.kwok.map((one) => specOf(one, layout("demo", "kwok")).argv[0]);
    expect(names).toEqual([
      "/bin/kubernetes/etcd",
      "/bin/kubernetes/kube-apiserver",
      "/bin/kubernetes/kube-controller-manager",
      "/bin/kubernetes/kube-scheduler",
      "/bin/kwok/kwok",
    ]);
  });
});

test("the API server's certificate: is valid for the address that pods use", () => {
  expect(subjects("198.18.1.2").apiserver?.san).toEqual(
    expect.arrayContaining([`IP:${cidrs.kubernetesService}`, "IP:198.18.1.2", "DNS:kubernetes.default.svc"]),
  );
});

test("the version that clients see: equals the one in go.mod, also of the staging modules", () => {
  const goMod = readFileSync(
    join(__dirname, "../../../../tools/cluster/embedded/go/kubernetes/go.mod"),
    "utf8",
  );
  expect(goMod).toContain(`\tk8s.io/kubernetes v${versions.kubernetes}\n`);
  const staging = new Set([...goMod.matchAll(/=> k8s\.io\/\S+ (\S+)/g)].map((match) => match[1]));
  expect([...staging]).toEqual([`v0${versions.kubernetes.slice(1)}`]);
});

test("configurations: contain no undefined value", () => {
  const paths = clusterPaths("demo");
  for (const config of [kubeletConfig(paths), proxyConfig(paths), registryConfig("/registry", REGISTRY)])
    expect(parse(JSON.stringify(config))).toEqual(config);
});

describe("Debian packages", () => {
  test("a package's file does not exist: the package is missing", () => {
    expect(missingPackages("node", (file) => file !== "/usr/bin/buildah")).toEqual(["buildah"]);
  });
  test("a cluster without a node: needs no package of a node", () => {
    expect(missingPackages("cluster", (file) => !file.includes("containerd"))).toEqual([]);
  });
});

describe("parsers of the kernel's tables", () => {
  test("parseHierarchies: finds hierarchies of cgroup v1 and v2", () => {
    const mounts = [
      "tmpfs /sys/fs/cgroup tmpfs rw 0 0",
      "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
    ].join("\n");
    expect(parseHierarchies(mounts)).toEqual([
      { mount: "/sys/fs/cgroup/cpu", controllers: ["rw", "cpu", "cpuacct"] },
      { mount: "/sys/fs/cgroup/unified", controllers: ["unified"] },
    ]);
  });

  test("isListening: true only in state LISTEN", () => {
    const row = (port: string, state: string): string =>
      `   0: 0100007F:${port} 00000000:0000 ${state} 00000000`;
    expect(isListening(row("192B", "0A"), 6443)).toBe(true);
    expect(isListening(row("192B", "01"), 6443)).toBe(false);
    expect(isListening(row("0050", "0A"), 6443)).toBe(false);
  });

  test("mountsBelow: newest mount first, without those of a folder with a longer name", () => {
    const row = (point: string): string => `36 35 98:0 / ${point} rw - tmpfs tmpfs rw`;
    const table = ["/run/d/t", "/run/d/t/pod\\040a", "/run/d/t/pod\\040a/secret", "/run/d/t2", "/"]
      .map(row)
      .join("\n");
    expect(mountsBelow(table, ["/run/d/t"])).toEqual(["/run/d/t/pod a/secret", "/run/d/t/pod a", "/run/d/t"]);
  });
});

test("cniResultsOf: without the results of a network with a longer name", () => {
  const [one, two] = ["a".repeat(64), "b".repeat(64)];
  const names = [
    `demoapp-t-${one}-eth0`,
    `cni-loopback-${one}-lo`,
    `demoapp-t-x-${two}-eth0`,
    `cni-loopback-${two}-lo`,
  ];
  expect(cniResultsOf("demoapp-t", names)).toEqual(names.slice(0, 2));
});

test("sharedLibraries: the libraries in ldd's output and the loader", () => {
  const ldd = [
    "\tlinux-vdso.so.1 (0x00007ffd)",
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f01)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)",
  ].join("\n");
  expect(sharedLibraries(ldd)).toEqual(["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]);
});
