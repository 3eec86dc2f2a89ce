import { fieldsOf } from "../sim/apiserver/json.ts";
import { isActive, isReady } from "../sim/controllers/workload.ts";
import type { ApiClient, KubeObject, ResourceType } from "../../operator/runtime/client.ts";
import { kinds } from "../../tools/objects.ts";

/** The pods of a namespace and the selector of its Service `web` at one moment. */
interface Moment {
  /** Pods that are not terminating. */
  readonly pods: number;
  /** Ready pods that the Service selects. */
  readonly serving: number;
}

/** The labels that a Service selects. */
export const selects = (service: KubeObject | undefined, { metadata }: KubeObject): boolean =>
  Object.entries(fieldsOf(fieldsOf(service?.["spec"])["selector"])).every(
    ([key, value]) => metadata.labels?.[key] === value,
  );

/** Calls `onChange` with the objects of a kind, first with those that exist, until the signal aborts. */
async function follow(
  { client, namespace }: { readonly client: ApiClient; readonly namespace: string },
  resource: ResourceType,
  { signal, onChange }: { signal: AbortSignal; onChange: (objects: readonly KubeObject[]) => void },
): Promise<void> {
  const { items, metadata } = await client.list(resource, { namespace });
  const objects = new Map(items.map((item) => [item.metadata.name, item]));
  onChange([...objects.values()]);
  const { resourceVersion = "" } = metadata;
  const options = { namespace, resourceVersion, timeoutSeconds: 600, allowWatchBookmarks: false };
  for await (const { type, object } of client.watch(resource, options, signal)) {
    if (type === "ERROR") throw new Error(`the test's watch failed: ${object.message}`);
    if (type === "DELETED") objects.delete(object.metadata.name);
    else objects.set(object.metadata.name, object);
    onChange([...objects.values()]);
  }
}

/** Runs `work` while watches record the pods, and returns each distinct moment. */
export async function recordPods(
  env: { readonly client: ApiClient; readonly namespace: string },
  work: () => Promise<void>,
): Promise<readonly Moment[]> {
  const moments = new Map<string, Moment>();
  const stopping = new AbortController();
  let service: KubeObject | undefined;
  const onPods = (objects: readonly KubeObject[]): void => {
    const active = objects.filter(isActive);
    const serving = active.filter((pod) => isReady(pod) && selects(service, pod)).length;
    moments.set(`${active.length} ${serving}`, { pods: active.length, serving });
  };
  const services = follow(env, kinds.Service, {
    signal: stopping.signal,
    onChange: (objects) => void (service = objects.find(({ metadata }) => metadata.name === "web")),
  });
  const pods = follow(env, kinds.Pod, { signal: stopping.signal, onChange: onPods });
  const ended = async (): Promise<never> => {
    await Promise.race([services, pods]);
    throw new Error("a watch of the test ended");
  };
  try {
    await Promise.race([work(), ended()]);
  } finally {
    stopping.abort();
    await Promise.allSettled([services, pods]);
  }
  return [...moments.values()];
}
