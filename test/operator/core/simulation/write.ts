import { fieldManager } from "../../../../operator/api/names.ts";
import type { Action } from "../../../../operator/core/action.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { jsonPatch, mergePatch } from "../../../sim/apiserver/patches.ts";
import type { SimulatedCluster } from "../../../sim/cluster.ts";

/** Makes a write of the operator. */
export function write(cluster: SimulatedCluster, action: Action): void {
  const { kind, metadata } = action.object;
  const live = cluster.get(kind, metadata.name);
  if (action.do === "apply" || action.do === "create")
    cluster[action.do](JSON.parse(JSON.stringify(action.object)) as KubeObject, fieldManager);
  else if (live && action.do === "delete") cluster.delete(live);
  else if (live && action.do === "patch")
    cluster.update(live, fieldManager, mergePatch(live, action.patch) as KubeObject);
  else if (live && action.do === "take-over")
    cluster.update(live, fieldManager, jsonPatch(live, action.patch) as KubeObject);
}
