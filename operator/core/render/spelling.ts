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
  return {
    ...spec,
    resources: withQuantitiesLike(completeResources(spec.resources), app["resources"]),
    env: withQuantitiesLike(spec.env, app["env"]),
    pod: pod && {
      ...pod,
      sidecars: withQuantitiesLike(pod.sidecars, stored["initContainers"]),
      initContainers: withQuantitiesLike(pod.initContainers, stored["initContainers"]),
      volumes: withQuantitiesLike(pod.volumes, stored["volumes"]),
    },
  };
}
