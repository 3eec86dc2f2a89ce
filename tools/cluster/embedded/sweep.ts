import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { killMembers, removeCgroups } from "./cgroups.ts";
import { deleteNetwork } from "./network.ts";
import type { ClusterPaths } from "./paths.ts";

/** Marks the cluster as started with this cache folder. Throws if it was started with another one. */
export async function claim(paths: ClusterPaths): Promise<void> {
  const file = join(paths.run, "owner");
  const owner = await readFile(file, "utf8").catch(() => paths.state);
  if (owner !== paths.state)
    throw new Error(`a cluster of this name is kept in ${owner}: choose another --name`);
  await Promise.all([mkdir(paths.run, { recursive: true }), mkdir(paths.state, { recursive: true })]);
  await writeFile(file, paths.state);
}

/** Ends every process of the cluster and removes its mounts. Keeps its state for a new start. */
export async function stopEverything(paths: ClusterPaths): Promise<void> {
  await killMembers(paths.cgroup);
  await unmountBelow([paths.state, paths.run]);
  await removeShimSockets(paths);
  await rm(paths.run, { recursive: true, force: true });
  await claim(paths);
}

/** Removes the whole cluster, also a partly started one. */
export async function sweep(paths: ClusterPaths): Promise<void> {
  await claim(paths);
  await stopEverything(paths);
  await deleteNetwork(paths);
  await removeCgroups(paths.cgroup);
  await removeLeftovers(paths);
  await Promise.all([paths.state, paths.run].map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Mount points below the folders, newest first, from a table in the format of /proc/self/mountinfo. */
export function mountsBelow(mountinfo: string, folders: readonly string[]): string[] {
  const points = mountinfo.split("\n").map((line) => unescapeOctal(line.split(" ")[4] ?? ""));
  const isBelow = (point: string): boolean =>
    folders.some((folder) => point === folder || point.startsWith(`${folder}/`));
  // The table is in the order of mounting: the newest mount lies on top.
  return points.filter(isBelow).toReversed();
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

async function unmountBelow(folders: readonly string[]): Promise<void> {
  const mounts = mountsBelow(await readFile("/proc/self/mountinfo", "utf8"), folders);
  // Lazy: the kernel removes a busy mount as soon as it is no longer used.
  for (const mount of mounts) await command(["umount", "--lazy", mount]);
}

/** Removes the sockets of containerd's shims: they lie in a folder that all containerds share. */
async function removeShimSockets(paths: ClusterPaths): Promise<void> {
  const bundles = join(paths.run, "containerd", "io.containerd.runtime.v2.task", "k8s.io");
  for (const bundle of await list(bundles)) {
    const address = await readFile(join(bundles, bundle, "address"), "utf8").catch(() => "");
    if (address.startsWith("unix://")) await rm(address.slice("unix://".length), { force: true });
  }
}

/** Removes files of the kubelet and the CNI library whose folders can't be configured. */
async function removeLeftovers(paths: ClusterPaths): Promise<void> {
  const links = "/var/log/containers";
  for (const name of await list(links)) {
    const target = await readlink(join(links, name)).catch(() => "");
    if (target.startsWith(`${paths.logs}/`)) await rm(join(links, name), { force: true });
  }
  const results = "/var/lib/cni/results";
  for (const name of cniResultsOf(paths.netnsName, await list(results)))
    await rm(join(results, name), { force: true });
}

/**
 * The files in CNI's result folder that belong to a network. The pod network's file is `<network>-<sandbox>-eth0`;
 * the file of the loopback plugin contains only the sandbox's id.
 */
export function cniResultsOf(network: string, names: readonly string[]): string[] {
  const pattern = new RegExp(`^${network}-([0-9a-f]{64})-`);
  const sandboxes = names.flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return names.filter((name) => sandboxes.some((sandbox) => name.includes(sandbox)));
}

const list = async (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : []);
