import { existsSync } from "node:fs";
import { command, succeeds } from "../command.ts";
import { MAX_SLOT, cidrs, hostAddress, hostLink, innerAddress } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";

const INNER_LINK = "eth0";

/** Prefix of a command line that runs in the cluster's network. `ip netns exec` would hide the cgroups. */
export const inside = (paths: ClusterPaths): string[] => ["nsenter", `--net=${paths.netns}`];

/** True if the namespace exists and has the link to the host for `slot`. */
export async function networkIsUp(paths: ClusterPaths, slot: number): Promise<boolean> {
  if (!existsSync(paths.netns)) return false;
  const [inner, outer] = await Promise.all([
    command([...inside(paths), "ip", "-o", "-4", "addr", "show", "dev", INNER_LINK]).catch(() => ""),
    command(["ip", "-o", "-4", "addr", "show", "dev", hostLink(slot)]).catch(() => ""),
  ]);
  return inner.includes(`${innerAddress(slot)}/`) && outer.includes(`${hostAddress(slot)}/`);
}

/**
 * Creates the cluster's network namespace with a link to the host, and returns the slot: `preferred` if it is free.
 * The kernel refuses a second link of the same name, so two clusters never share a slot.
 */
export async function createNetwork(paths: ClusterPaths, preferred: number | undefined): Promise<number> {
  await deleteNetwork(paths);
  await command(["ip", "netns", "add", paths.netnsName]);
  const slot = await createLink(paths, preferred);
  const link = hostLink(slot);
  await ipBatch([], [`addr add ${hostAddress(slot)}/30 dev ${link}`, `link set ${link} up`]);
  await ipBatch(inside(paths), [
    "link set lo up",
    `addr add ${innerAddress(slot)}/30 dev ${INNER_LINK}`,
    `link set ${INNER_LINK} up`,
    `route add default via ${hostAddress(slot)}`,
  ]);
  return slot;
}

async function ipBatch(prefix: readonly string[], lines: readonly string[]): Promise<void> {
  await command([...prefix, "ip", "-batch", "-"], { input: lines.join("\n") });
}

async function createLink(paths: ClusterPaths, preferred: number | undefined): Promise<number> {
  const slots = Array.from({ length: MAX_SLOT }, (_, index) => index + 1);
  for (const slot of preferred === undefined ? slots : [preferred, ...slots]) {
    const argv = ["ip", "link", "add", hostLink(slot), "type", "veth", "peer", "name", INNER_LINK];
    if (await succeeds([...argv, "netns", paths.netnsName])) return slot;
  }
  throw new Error(
    `no free slot for a cluster: ip link add failed for ${hostLink(1)} to ${hostLink(MAX_SLOT)}`,
  );
}

/** Prepares the network for pods: IP forwarding, NodePorts on 127.0.0.1, and NAT for outgoing connections. */
export async function prepareNodeNetwork(paths: ClusterPaths): Promise<void> {
  const sysctls = { "net/ipv4/ip_forward": 1, "net/ipv4/conf/all/route_localnet": 1 };
  const writes = Object.entries(sysctls).map(([key, value]) => `echo ${value} > /proc/sys/${key}`);
  await command([...inside(paths), "sh", "-ec", writes.join("\n")]);
  const rule = ["POSTROUTING", "-s", cidrs.pods, "-o", INNER_LINK, "-j", "MASQUERADE"];
  const iptables = [...inside(paths), "iptables", "-w", "-t", "nat"];
  if (!(await succeeds([...iptables, "-C", ...rule]))) await command([...iptables, "-A", ...rule]);
}

/** Removes the namespace with its links, rules and addresses. Does nothing if there is none. */
export async function deleteNetwork(paths: ClusterPaths): Promise<void> {
  if (!existsSync(paths.netns)) return;
  // Deleting one end removes the pair at once; deleting only the namespace removes it with a delay.
  await succeeds([...inside(paths), "ip", "link", "delete", INNER_LINK]);
  await command(["ip", "netns", "delete", paths.netnsName]);
}
