import { group, kind, plural, version } from "../api/names.ts";
import type { ResourceType } from "../runtime/kubernetes.ts";

const resource = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: group === "autoscaling" ? "v2" : "v1",
  plural,
  kind,
  namespaced: true,
});

/** The resource types that the operator reads or writes, by kind. */
export const resources = {
  DemoApp: { group, version, plural, kind, namespaced: true },
  Deployment: resource("apps", "deployments", "Deployment"),
  ControllerRevision: resource("apps", "controllerrevisions", "ControllerRevision"),
  Service: resource("", "services", "Service"),
  Pod: resource("", "pods", "Pod"),
  Event: resource("", "events", "Event"),
  HorizontalPodAutoscaler: resource("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
} as const satisfies Record<string, ResourceType>;

/** The resource type of an object. Throws for a kind that the operator doesn't handle. */
export function resourceOf(object: { readonly kind: string }): ResourceType {
  const found = Object.entries(resources).find(([kind]) => kind === object.kind);
  if (!found) throw new Error(`no resource type for kind ${object.kind}`);
  return found[1];
}
