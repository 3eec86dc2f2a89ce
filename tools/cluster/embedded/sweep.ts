import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.ts";
import { killMembers, removeCgroups } from "./cgroups.ts";
import { deleteNetwork } from "./network.ts";
import type { ClusterPaths } from "./paths.ts";

const OWNER = "owner";

/** Refuses to touch a cluster of this name that another cache folder (another checkout, say) started. */
export async function claim(paths: ClusterPaths): Promise<void> {
  const file = join(paths.run, OWNER);
  const owner = await readFile(file, "utf8").catch(() => paths.state);
  if (owner !== paths.state)
    throw new Error(`a cluster of this name is kept in ${owner}: choose another --name`);
  await Promise.all([mkdir(paths.run, { recursive: true }), mkdir(paths.state, { recursive: true })]);
  await writeFile(file, paths.state);
}

/** Ends every process of the cluster and undoes its mounts; its state stays, for a new start. */
export async function stopEverything(paths: ClusterPaths): Promise<void> {
  await killMembers(paths.cgroup);
  await unmountBelow([paths.state, paths.run]);
  await removeShimSockets(paths);
  await rm(paths.run, { recursive: true, force: true });
  await claim(paths);
}

/** Removes all of the cluster, however much of it there is. */
export async function sweep(paths: ClusterPaths): Promise<void> {
  await claim(paths);
  await stopEverything(paths);
  await deleteNetwork(paths);
  await removeCgroups(paths.cgroup);
  await removeStrays(paths);
  await Promise.all([paths.state, paths.run].map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Mount points below the folders, deepest first, out of a table in /proc/self/mountinfo format. */
export function mountsBelow(mountinfo: string, folders: readonly string[]): string[] {
  const points = mountinfo.split("\n").map((line) => unescapeOctal(line.split(" ")[4] ?? ""));
  const ours = points.filter((point) =>
    folders.some((folder) => point === folder || point.startsWith(`${folder}/`)),
  );
  // The table is in the order of mounting: what came last lies on top.
  return ours.toReversed();
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

async function unmountBelow(folders: readonly string[]): Promise<void> {
  const mounts = mountsBelow(await readFile("/proc/self/mountinfo", "utf8"), folders);
  // Lazily: a mount that the kernel still counts as busy goes as soon as it is not.
  for (const mount of mounts) await command(["umount", "--lazy", mount]);
}

/** containerd's shims listen in a folder shared by all containerds; their bundles say where. */
async function removeShimSockets(paths: ClusterPaths): Promise<void> {
  const bundles = join(paths.run, "containerd", "io.containerd.runtime.v2.task", "k8s.io");
  for (const bundle of await list(bundles)) {
    const address = await readFile(join(bundles, bundle, "address"), "utf8").catch(() => "");
    if (address.startsWith("unix://")) await rm(address.slice("unix://".length), { force: true });
  }
}

/** The kubelet and the CNI library leave these in folders that can't be configured. */
async function removeStrays(paths: ClusterPaths): Promise<void> {
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
 * Those of the files in CNI's result folder that belong to a network: one says `<network>-<sandbox>-eth0`, the
 * other (of the loopback plugin, which has no network of its own) only names the sandbox.
 */
export function cniResultsOf(network: string, names: readonly string[]): string[] {
  const pattern = new RegExp(`^${network}-([0-9a-f]{64})-`);
  const sandboxes = names.flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return names.filter((name) => sandboxes.some((sandbox) => name.includes(sandbox)));
}

const list = async (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : []);
