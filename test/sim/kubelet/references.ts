import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { ApiClient, KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { fieldsOf, isFields, itemsOf, textOf } from "../apiserver/json.ts";
import { configMaps, secrets } from "../kinds.ts";

const referenceFields = [
  ["secretKeyRef", secrets],
  ["configMapKeyRef", configMaps],
  ["secretRef", secrets],
  ["configMapRef", configMaps],
] as const;

/** The kubelet's message about the first ConfigMap or Secret that a container's environment lacks, if any. */
export async function missingReference(client: ApiClient, pod: KubeObject): Promise<string | undefined> {
  const { namespace } = pod.metadata;
  const sources = itemsOf(fieldsOf(pod["spec"])["containers"]).flatMap(({ env, envFrom }) => [
    ...itemsOf(env).map(({ valueFrom }) => fieldsOf(valueFrom)),
    ...itemsOf(envFrom),
  ]);
  for (const source of sources)
    for (const [field, resource] of referenceFields) {
      const reference = source[field];
      if (!isFields(reference) || reference["optional"] === true) continue;
      const name = textOf(reference["name"]);
      const key = textOf(reference["key"]);
      try {
        const { data } = await client.get(resource, { namespace, name });
        if (key !== "" && !(key in fieldsOf(data)))
          return `couldn't find key ${key} in ${resource.kind} ${namespace}/${name}`;
      } catch (error) {
        if (!(error instanceof ApiError && error.isNotFound)) throw error;
        return `${resource.kind.toLowerCase()} "${name}" not found`;
      }
    }
  return undefined;
}
