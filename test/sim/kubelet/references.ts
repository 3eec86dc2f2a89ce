import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { ApiClient, KubeObject, ResourceType } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf, isFields, itemsOf, textOf } from "../apiserver/json.ts";
import { configMaps, secrets } from "../kinds.ts";

interface Reference {
  readonly resource: ResourceType;
  readonly name: string;
  readonly key: string | undefined;
}

const reference = (resource: ResourceType, value: unknown): readonly Reference[] =>
  isFields(value) && value["optional"] !== true
    ? [{ resource, name: textOf(value["name"]), key: textOf(value["key"]) || undefined }]
    : [];

/** The ConfigMaps and Secrets that a container's environment needs. */
function referencesOf(container: Fields): readonly Reference[] {
  const values = itemsOf(container["env"]).map((entry) => fieldsOf(entry["valueFrom"]));
  return [
    ...values.flatMap((from) => reference(secrets, from["secretKeyRef"])),
    ...values.flatMap((from) => reference(configMaps, from["configMapKeyRef"])),
    ...itemsOf(container["envFrom"]).flatMap((from) => reference(secrets, from["secretRef"])),
    ...itemsOf(container["envFrom"]).flatMap((from) => reference(configMaps, from["configMapRef"])),
  ];
}

/** What keeps a pod's containers from being created, in the kubelet's words; undefined if all is there. */
export async function missingReference(client: ApiClient, pod: KubeObject): Promise<string | undefined> {
  const { namespace } = pod.metadata;
  for (const { resource, name, key } of itemsOf(fieldsOf(pod["spec"])["containers"]).flatMap(referencesOf)) {
    const kind = resource.kind.toLowerCase();
    try {
      const { data } = await client.get(resource, { namespace, name });
      if (key !== undefined && !(key in fieldsOf(data)))
        return `couldn't find key ${key} in ${resource.kind} ${namespace}/${name}`;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return `${kind} "${name}" not found`;
      throw error;
    }
  }
  return undefined;
}
