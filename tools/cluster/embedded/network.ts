import { existsSync } from "node:fs";
import { command, succeeds } from "../command.ts";
import { MAX_SLOT, cidrs, hostAddress, hostLink, innerAddress } from "./constants.ts";
import type { ClusterPaths } from "./paths.ts";

const INNER_LINK = "eth0";

/** argv prefix that runs a command inside the cluster's network. `ip netns exec` would hide the cgroups. */
export const inside = (paths: ClusterPaths): string[] => ["nsenter", `--net=${paths.netns}`];

/** Is the namespace there, with the link to the host that belongs to `slot`? */
export async function networkIsUp(paths: ClusterPaths, slot: number): Promise<boolean> {
  if (!existsSync(paths.netns)) return false;
  const [inner, outer] = await Promise.all([
    command([...inside(paths), "ip", "-o", "-4", "addr", "show", "dev", INNER_LINK]).catch(() => ""),
    command(["ip", "-o", "-4", "addr", "show", "dev", hostLink(slot)]).catch(() => ""),
  ]);
  return inner.includes(`${innerAddress(slot)}/`) && outer.includes(`${hostAddress(slot)}/`);
}

/**
 * Makes the cluster's network namespace with a link to the host, and gives the slot it got: `preferred` if
 * that is free. The kernel refuses a second link of one name, so two clusters never share a slot.
 */
export async function createNetwork(paths: ClusterPaths, preferred: number | undefined): Promise<number> {
  await deleteNetwork(paths);
  await command(["ip", "netns", "add", paths.netnsName]);
  const slot = await createLink(paths, preferred);
  await command(["ip", "-batch", "-"], {
    input: [`addr add ${hostAddress(slot)}/30 dev ${hostLink(slot)}`, `link set ${hostLink(slot)} up`].join(
      "\n",
    ),
  });
  await command([...inside(paths), "ip", "-batch", "-"], {
    input: [
      "link set lo up",
      `addr add ${innerAddress(slot)}/30 dev ${INNER_LINK}`,
      `link set ${INNER_LINK} up`,
      `route add default via ${hostAddress(slot)}`,
    ].join("\n"),
  });
  return slot;
}

async function createLink(paths: ClusterPaths, preferred: number | undefined): Promise<number> {
  const slots = Array.from({ length: MAX_SLOT }, (_, index) => index + 1);
  for (const slot of preferred === undefined ? slots : [preferred, ...slots]) {
    const argv = ["ip", "link", "add", hostLink(slot), "type", "veth", "peer", "name", INNER_LINK];
    if (await succeeds([...argv, "netns", paths.netnsName])) return slot;
  }
  throw new Error(
    `no free slot for a cluster: ip link add ${hostLink(1)} … ${hostLink(MAX_SLOT)} all failed`,
  );
}

/** What a node with pods needs on top: forwarding, NodePorts on 127.0.0.1, a way back for what pods send out. */
export async function prepareNodeNetwork(paths: ClusterPaths): Promise<void> {
  const sysctls = { "net/ipv4/ip_forward": 1, "net/ipv4/conf/all/route_localnet": 1 };
  const writes = Object.entries(sysctls).map(([key, value]) => `echo ${value} > /proc/sys/${key}`);
  await command([...inside(paths), "sh", "-ec", writes.join("\n")]);
  const rule = ["POSTROUTING", "-s", cidrs.pods, "-o", INNER_LINK, "-j", "MASQUERADE"];
  const iptables = [...inside(paths), "iptables", "-w", "-t", "nat"];
  if (!(await succeeds([...iptables, "-C", ...rule]))) await command([...iptables, "-A", ...rule]);
}

/** Removes the namespace and with it its links, rules and addresses; no error if there is none. */
export async function deleteNetwork(paths: ClusterPaths): Promise<void> {
  if (!existsSync(paths.netns)) return;
  // The pair goes with either end at once; with the namespace alone it would go a moment later.
  await succeeds([...inside(paths), "ip", "link", "delete", INNER_LINK]);
  await command(["ip", "netns", "delete", paths.netnsName]);
}
