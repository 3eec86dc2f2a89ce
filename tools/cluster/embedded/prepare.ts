import { join } from "node:path";
import type { Mode } from "../provider.ts";
import { createCgroups } from "./cgroups.ts";
import { innerAddress } from "./constants.ts";
import { writeIfChanged } from "./files.ts";
import { createNetwork, networkIsUp, prepareNodeNetwork } from "./network.ts";
import type { ClusterPaths } from "./paths.ts";
import { ensurePki } from "./pki.ts";
import { claim, stopEverything } from "./sweep.ts";

/** The content of `cluster.json`. */
export interface Identity {
  readonly mode: Mode;
  /** The cluster's number on this machine, which determines its IP addresses. */
  readonly slot: number;
}

export const identityFile = ({ state }: ClusterPaths): string => join(state, "cluster.json");

/** Prepares network, cgroups and keys, and returns the slot. `known` is the slot of an earlier `up`, if any. */
export async function prepare(paths: ClusterPaths, mode: Mode, known: number | undefined): Promise<number> {
  await claim(paths);
  const slot = await ensureNetwork(paths, known);
  if (mode === "node") await prepareNodeNetwork(paths);
  await createCgroups(paths.cgroup);
  const identity: Identity = { mode, slot };
  await writeIfChanged(identityFile(paths), JSON.stringify(identity));
  await ensurePki(paths.pki, innerAddress(slot));
  return slot;
}

async function ensureNetwork(paths: ClusterPaths, known: number | undefined): Promise<number> {
  if (known !== undefined && (await networkIsUp(paths, known))) return known;
  // Remaining processes use a deleted namespace, or belong to a partly started cluster.
  await stopEverything(paths);
  return createNetwork(paths, known);
}
