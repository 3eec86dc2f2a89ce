import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../command.ts";
import { deadlinesMs } from "./constants.ts";

/** One mounted cgroup hierarchy. */
interface Hierarchy {
  readonly mount: string;
  /** The controllers of cgroup v1, or ["unified"] for v2. */
  readonly controllers: readonly string[];
}

/** Parses the hierarchies of a mount table in the format of /proc/mounts. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  return mounts.split("\n").flatMap((line) => {
    const [, mount = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") return [{ mount, controllers: ["unified"] }];
    return type === "cgroup" ? [{ mount, controllers: options.split(",") }] : [];
  });
}

const hierarchies = (): Hierarchy[] => parseHierarchies(readFileSync("/proc/mounts", "utf8"));

/**
 * The cgroup in the hierarchy that lists the cluster's processes. Child processes inherit the cgroup, so `down` finds
 * every process without knowing names.
 */
function trackingCgroup(root: string): string {
  const all = hierarchies();
  const found =
    all.find(({ controllers }) => controllers.includes("pids")) ??
    all.find(({ controllers }) => controllers.includes("unified"));
  if (found === undefined) throw new Error("no cgroup hierarchy is mounted");
  return join(found.mount, root);
}

/** Child group for processes outside pods: cgroup v2 forbids processes in a group that has child groups. */
const SYSTEM = "system";

/** The weight of a cluster's pods in cgroup v1: that of eight other processes. */
const POD_SHARES = 8 * 1024;

/** The file to which a process writes its pid to join the cluster. */
export const cgroupProcs = (root: string): string => join(trackingCgroup(root), SYSTEM, "cgroup.procs");

/** Creates the cgroup `root` in every hierarchy, because the kubelet expects it in each. */
export async function createCgroups(root: string): Promise<void> {
  await mkdir(join(trackingCgroup(root), SYSTEM), { recursive: true });
  for (const { mount, controllers } of hierarchies()) {
    const folder = join(mount, root);
    await mkdir(folder, { recursive: true });
    // A new v1 cpuset accepts no process until it has CPUs and memory nodes: copy those of the parent.
    if (controllers.includes("cpuset"))
      for (const file of ["cpuset.cpus", "cpuset.mems"])
        await writeFile(join(folder, file), await readFile(join(mount, file)));
    // With the default of v1, all pods together have the weight of one process, and the control plane starves them.
    if (controllers.includes("cpu")) await writeFile(join(folder, "cpu.shares"), String(POD_SHARES));
  }
}

/** The pids of all processes of the cluster, pods included. */
export async function cgroupMembers(root: string): Promise<number[]> {
  const folders = await foldersBelow(trackingCgroup(root));
  const lists = await Promise.all(
    // A pod's group can disappear between listing and reading.
    folders.map((folder) => readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "")),
  );
  return lists.flatMap((text) => text.split("\n").filter(Boolean).map(Number));
}

/** `top` and all folders below it, parents first; empty if `top` doesn't exist. */
async function foldersBelow(top: string): Promise<string[]> {
  if (!existsSync(top)) return [];
  const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => foldersBelow(join(top, entry.name))),
  );
  return [top, ...below.flat()];
}

/** Kills the cluster's processes until none is left: a dying shim can still fork. */
export async function killMembers(root: string): Promise<void> {
  await until("all processes of the cluster end", deadlinesMs.kill, async () => {
    const members = await cgroupMembers(root);
    for (const pid of members) killIfAlive(pid);
    return members.length === 0 ? true : undefined;
  });
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Removes the empty cgroup from every hierarchy. */
export async function removeCgroups(root: string): Promise<void> {
  for (const { mount } of hierarchies()) {
    // The kernel keeps the group of a dead process for a moment.
    await until(`cgroup ${join(mount, root)} removed`, deadlinesMs.kill, async () => {
      for (const folder of (await foldersBelow(join(mount, root))).toReversed()) await rmdir(folder);
      return true;
    });
  }
}
