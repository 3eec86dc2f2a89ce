import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../command.ts";
import { deadlinesMs } from "./constants.ts";

/** One mounted cgroup hierarchy. */
interface Hierarchy {
  readonly mount: string;
  /** v1 controllers, or ["unified"] for v2. */
  readonly controllers: readonly string[];
}

/** Reads the hierarchies out of a mount table in /proc/mounts format. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  return mounts.split("\n").flatMap((line) => {
    const [, mount = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") return [{ mount, controllers: ["unified"] }];
    return type === "cgroup" ? [{ mount, controllers: options.split(",") }] : [];
  });
}

const hierarchies = (): Hierarchy[] => parseHierarchies(readFileSync("/proc/mounts", "utf8"));

/**
 * The hierarchy that tells which processes are ours: whatever a cluster starts inherits its place there, so
 * that `down` finds all of it without knowing any name.
 */
function tracker(all: readonly Hierarchy[]): Hierarchy {
  const found =
    all.find((one) => one.controllers.includes("pids")) ??
    all.find((one) => one.controllers.includes("unified"));
  if (found === undefined) throw new Error("no cgroup hierarchy is mounted");
  return found;
}

/** Folder of the processes that aren't in pods: cgroup v2 forbids processes beside child groups. */
const SYSTEM = "system";

/** File that a process writes itself into to belong to the cluster. */
export const cgroupProcs = (root: string): string =>
  join(tracker(hierarchies()).mount, root, SYSTEM, "cgroup.procs");

/** Makes the cgroup `root` in every hierarchy: the kubelet wants to find it there. */
export async function createCgroups(root: string): Promise<void> {
  const all = hierarchies();
  await mkdir(join(tracker(all).mount, root, SYSTEM), { recursive: true });
  for (const { mount, controllers } of all) {
    const folder = join(mount, root);
    await mkdir(folder, { recursive: true });
    if (controllers.includes("cpuset")) await inheritCpuset(mount, folder);
  }
}

/** A new v1 cpuset is empty, and no process may enter it, until these are copied from its parent. */
async function inheritCpuset(parent: string, folder: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    await writeFile(join(folder, file), await readFile(join(parent, file)));
}

/** Every process of the cluster, those in pods included. */
export async function cgroupMembers(root: string): Promise<number[]> {
  const top = join(tracker(hierarchies()).mount, root);
  const lists = await Promise.all((await foldersBelow(top)).map((folder) => readProcs(folder)));
  return lists.flat();
}

async function readProcs(folder: string): Promise<number[]> {
  // A pod's group may vanish between listing and reading.
  const text = await readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
}

/** `top` and all folders below it, deepest last; empty if there is none. */
async function foldersBelow(top: string): Promise<string[]> {
  if (!existsSync(top)) return [];
  const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => foldersBelow(join(top, entry.name))),
  );
  return [top, ...below.flat()];
}

/** Kills what is left of the cluster, again and again until nothing is: a dying shim may still fork. */
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

/** Removes the (empty) cgroup from every hierarchy. */
export async function removeCgroups(root: string): Promise<void> {
  for (const { mount } of hierarchies()) {
    // The kernel lets go of a dead process's group a moment after the process.
    await until(`cgroup ${join(mount, root)} removed`, deadlinesMs.kill, async () => {
      for (const folder of (await foldersBelow(join(mount, root))).toReversed()) await rmdir(folder);
      return true;
    });
  }
}
