import { labels } from "../../../../operator/api/names.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import type { Behaviour } from "../../../sim/kubelet/lifecycle.ts";
import { imageOf } from "../../../sim/kubelet/status.ts";

/** What the pods of an image do, by the image's name before the colon. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  good: { does: "ready", afterMs: 3_000 },
  slow: { does: "ready", afterMs: 40_000 },
  crash: { does: "crash", lastsMs: 5_000, backoffMs: 10_000 },
  never: { does: "never-ready" },
  missing: { does: "image-missing" },
  flap: { does: "flap", afterMs: 6_000, lastsMs: 6_000 },
};

/** The name of a pod's image before the colon. */
export const nameOf = (pod: KubeObject): string => imageOf(pod).split(":")[0] ?? "";

export function behaviourOf(pod: KubeObject): Behaviour {
  // Works as a candidate only.
  if (nameOf(pod) === "few" && pod.metadata.labels?.[labels.track] === "stable")
    return { does: "never-ready" };
  return behaviours[nameOf(pod)] ?? { does: "ready" };
}
