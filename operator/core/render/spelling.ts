import { containerName } from "../../api/names.ts";
import type { DemoAppSpec } from "../../api/schema.ts";
import { completeResources } from "../defaults.ts";
import { type Fields, fieldsOf } from "../manifest.ts";
import { withQuantitiesLike } from "../quantities.ts";

/** The app's own container of a pod. */
function containerOf({ containers }: Fields): Fields {
  const all: readonly unknown[] = Array.isArray(containers) ? containers : [];
  return fieldsOf(all.find((one) => fieldsOf(one)["name"] === containerName));
}

/**
 * The spec with the quantities that a stored pod template has too, spelt as in the template. A pod template contains
 * all quantities of its spec as they were written.
 */
export function spelledLike(spec: DemoAppSpec, template: Fields): DemoAppSpec {
  const stored = fieldsOf(template["spec"]);
  const app = containerOf(stored);
  const { pod } = spec;
  const given = completeResources(spec.resources);
  const resources = withQuantitiesLike(given, app["resources"]);
  const env = withQuantitiesLike(spec.env, app["env"]);
  const sidecars = withQuantitiesLike(pod?.sidecars, stored["initContainers"]);
  const initContainers = withQuantitiesLike(pod?.initContainers, stored["initContainers"]);
  const volumes = withQuantitiesLike(pod?.volumes, stored["volumes"]);
  const isSame =
    resources === given &&
    env === spec.env &&
    sidecars === pod?.sidecars &&
    initContainers === pod?.initContainers &&
    volumes === pod?.volumes;
  return isSame
    ? spec
    : { ...spec, resources, env, pod: pod && { ...pod, sidecars, initContainers, volumes } };
}
