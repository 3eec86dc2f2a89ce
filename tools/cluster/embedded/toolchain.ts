import { readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import type { Progress } from "../progress.ts";
import { builtFolder, countingPackages, ensureBuilt, hashOf } from "./build.ts";
import { versions } from "./constants.ts";

const SOURCES = join(import.meta.dirname, "go");
type Module = "kubernetes" | "kwok";
type Tick = (text: string) => void;

/** Names of the one Kubernetes binary, which decide what it does. */
const KUBERNETES_COMMANDS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubectl",
  "kubelet",
] as const;

/** Files of kwok that define how fake nodes and pods become ready and end. */
const STAGES = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

/** Approximate number of packages of a build without Go's cache, for the progress display. */
const KUBERNETES_PACKAGES = 2800;

/** The folder of a Go module's binaries. Its name contains a hash of all inputs. */
export const binariesOf = (module: Module): string => builtFolder({ name: module, hash: sourceHash(module) });

function sourceHash(module: Module): string {
  const folder = join(SOURCES, module);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return hashOf([
    JSON.stringify([buildFlags(), KUBERNETES_COMMANDS, STAGES]),
    ...files.toSorted().flatMap((file) => [file.slice(folder.length), readFileSync(file)]),
  ]);
}

/** A folder for a shell's PATH that contains only kubectl. */
export const clientFolder = (): string => join(binariesOf("kubernetes"), "client");

const builds = {
  kubernetes: {
    title: `Kubernetes ${versions.kubernetes} built`,
    note: (target: string) =>
      `building Kubernetes from source: about 8 minutes on 2 cores, once; kept in ${target}`,
    make: buildKubernetes,
  },
  kwok: { title: "kwok built", make: buildKwok },
};

/** Builds a module's binaries unless the cache has them. Concurrent callers build once. */
export function ensureBinaries(module: Module, progress: Progress): Promise<string> {
  return ensureBuilt({ name: module, hash: sourceHash(module), ...builds[module] }, progress);
}

async function buildKubernetes(out: string, tick: Tick): Promise<void> {
  await goBuild("kubernetes", ["-o", out, ".", "./pause"], countingPackages(KUBERNETES_PACKAGES, tick));
  for (const name of KUBERNETES_COMMANDS) await symlink("kubernetes", join(out, name));
  await mkdir(join(out, "client"));
  await symlink("../kubernetes", join(out, "client", "kubectl"));
}

async function buildKwok(out: string, tick: Tick): Promise<void> {
  await goBuild("kwok", ["-o", out, "sigs.k8s.io/kwok/cmd/kwok"], tick);
  const list = ["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"];
  const module = (await command(list, { cwd: join(SOURCES, "kwok") })).trim();
  const stages = STAGES.map((file) => readFile(join(module, "kustomize", "stage", file), "utf8"));
  await writeFile(join(out, "stages.yaml"), (await Promise.all(stages)).join("---\n"));
  // The licence must accompany files copied from the module.
  await copyFile(join(module, "LICENSE"), join(out, "LICENSE"));
}

async function goBuild(module: Module, args: readonly string[], onLine: Tick): Promise<void> {
  await command(["go", "version"]).catch(() => {
    throw new Error(
      "the embedded cluster is built from source: install Go 1.26 or newer (https://go.dev/dl)",
    );
  });
  await command(["nice", "go", "build", "-v", ...buildFlags(), ...args], {
    cwd: join(SOURCES, module),
    env: { CGO_ENABLED: "0" },
    onLine,
  });
}

/** Build flags with linker variables that set the version: without them, clients see Kubernetes v0.0.0. */
function buildFlags(): string[] {
  const [major, minor] = versions.kubernetes.split(".");
  const values = {
    gitVersion: `v${versions.kubernetes}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
  };
  const stamps = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) =>
    Object.entries(values).map(([key, value]) => `-X ${path}.${key}=${value}`),
  );
  return ["-trimpath", "-buildvcs=false", `-ldflags=-s -w ${stamps.join(" ")}`];
}
