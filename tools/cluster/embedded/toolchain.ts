import { readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import type { Progress } from "../progress.ts";
import { builtFolder, countingPackages, ensureBuilt, hashOf } from "./build.ts";
import { versions } from "./constants.ts";

const SOURCES = join(import.meta.dirname, "go");
type Module = "kubernetes" | "kwok";

/** Names under which the one Kubernetes binary is started. */
const KUBERNETES_COMMANDS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubectl",
  "kubelet",
] as const;

/** kwok's own definitions of how its fake nodes and pods become ready and end. */
const STAGES = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

/** Packages compiled in a cold build, about: only for showing how far it is. */
const KUBERNETES_PACKAGES = 2800;

const TITLES: Record<Module, string> = {
  kubernetes: `Kubernetes ${versions.kubernetes} built`,
  kwok: "kwok built",
};

/** Folder with the binaries of one Go module, named after a hash of all that goes into them. */
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

/** Folder with kubectl and nothing else, fit for a shell's PATH. */
export const clientFolder = (): string => join(binariesOf("kubernetes"), "client");

/** Builds a module's binaries unless the cache has them; two callers at once build once. */
export function ensureBinaries(module: Module, progress: Progress): Promise<string> {
  const note = (target: string): string =>
    `building Kubernetes from source: about 8 minutes on 2 cores, once; kept in ${target}`;
  return ensureBuilt(
    {
      name: module,
      hash: sourceHash(module),
      title: TITLES[module],
      ...(module === "kubernetes" ? { note } : {}),
      make: async (out, tick) => {
        await requireGo();
        await (module === "kubernetes" ? buildKubernetes(out, tick) : buildKwok(out, tick));
      },
    },
    progress,
  );
}

async function requireGo(): Promise<void> {
  await command(["go", "version"]).catch(() => {
    throw new Error(
      "the embedded cluster is built from source: install Go 1.26 or newer (https://go.dev/dl)",
    );
  });
}

async function buildKubernetes(out: string, tick: (text: string) => void): Promise<void> {
  await goBuild("kubernetes", ["-o", out, ".", "./pause"], countingPackages(KUBERNETES_PACKAGES, tick));
  for (const name of KUBERNETES_COMMANDS) await symlink("kubernetes", join(out, name));
  await mkdir(join(out, "client"));
  await symlink("../kubernetes", join(out, "client", "kubectl"));
}

async function buildKwok(out: string, tick: (text: string) => void): Promise<void> {
  await goBuild("kwok", ["-o", out, "sigs.k8s.io/kwok/cmd/kwok"], tick);
  const listed = await command(["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], {
    cwd: join(SOURCES, "kwok"),
  });
  const stages = STAGES.map((file) => join(listed.trim(), "kustomize", "stage", file));
  const texts = await Promise.all(stages.map((file) => readFile(file, "utf8")));
  await writeFile(join(out, "stages.yaml"), texts.join("---\n"));
  // The module's licence goes with what is copied out of it.
  await copyFile(join(listed.trim(), "LICENSE"), join(out, "LICENSE"));
}

function goBuild(module: Module, args: readonly string[], onLine: (line: string) => void): Promise<string> {
  return command(["nice", "go", "build", "-v", ...buildFlags(), ...args], {
    cwd: join(SOURCES, module),
    env: { CGO_ENABLED: "0" },
    onLine,
  });
}

/** Without these linker variables clients would see Kubernetes v0.0.0. */
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
