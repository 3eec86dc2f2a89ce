import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mode } from "../provider.ts";
import { createCgroups } from "./cgroups.ts";
import { innerAddress } from "./constants.ts";
import { createNetwork, networkIsUp, prepareNodeNetwork } from "./network.ts";
import type { ClusterPaths } from "./paths.ts";
import { ensurePki } from "./pki.ts";
import { claim, stopEverything } from "./sweep.ts";

/** What is written down about a cluster, in `cluster.json`. */
export interface Identity {
  readonly mode: Mode;
  /** Number of the cluster on this machine; its addresses follow from it. */
  readonly slot: number;
}

/**
 * Makes what has to be there before the first process: network, cgroups, keys. Gives the slot; `known` is the
 * one from before, if any.
 */
export async function prepare(paths: ClusterPaths, mode: Mode, known: number | undefined): Promise<number> {
  await claim(paths);
  const slot = await ensureNetwork(paths, known);
  if (mode === "node") await prepareNodeNetwork(paths);
  await createCgroups(paths.cgroup);
  const identity: Identity = { mode, slot };
  const file = join(paths.state, "cluster.json");
  await writeFile(`${file}.tmp`, JSON.stringify(identity));
  await rename(`${file}.tmp`, file);
  await ensurePki(paths.pki, innerAddress(slot));
  return slot;
}

async function ensureNetwork(paths: ClusterPaths, known: number | undefined): Promise<number> {
  if (known !== undefined && (await networkIsUp(paths, known))) return known;
  // What may still run belongs to a namespace that is gone, or to a half-started cluster.
  await stopEverything(paths);
  return createNetwork(paths, known);
}
