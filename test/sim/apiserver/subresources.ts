import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import { noSuchKind } from "./refusal.ts";

/** A label selector in its string form. */
const selectorText = (selector: unknown): string =>
  Object.entries(fieldsOf(fieldsOf(selector)["matchLabels"]))
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort()
    .join(",");

/** The `autoscaling/v1` Scale of an object. */
export function scaleOf(kind: Kind, object: KubeObject): Fields {
  if (!kind.hasScale) throw noSuchKind();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = fieldsOf(object["spec"]);
  const status = fieldsOf(object["status"]);
  const selector = textOf(status["selector"]) || selectorText(spec["selector"]);
  const replicas = numberOf(spec["replicas"]);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberOf(status["replicas"]), ...(selector !== "" && { selector }) },
  };
}

/** The object with the replicas that a Scale asks for. */
export function fromScale(object: KubeObject, scale: Fields): KubeObject {
  const { resourceVersion } = fieldsOf(scale["metadata"]);
  const replicas = numberOf(fieldsOf(scale["spec"])["replicas"]);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: textOf(resourceVersion) || (object.metadata.resourceVersion ?? ""),
    },
    spec: { ...fieldsOf(object["spec"]), replicas },
  };
}

/** The pod on the node that a Binding names. */
export function bindPod(pod: KubeObject, binding: KubeObject, time: string): KubeObject {
  const nodeName = textOf(fieldsOf(binding["target"])["name"]);
  const status = fieldsOf(pod["status"]);
  const others = itemsOf(status["conditions"]).filter((one) => one["type"] !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: time };
  return {
    ...pod,
    spec: { ...fieldsOf(pod["spec"]), nodeName },
    status: { ...status, conditions: [...others, scheduled] },
  };
}
