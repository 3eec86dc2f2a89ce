import type { DemoAppStatus } from "../../operator/api/schema.ts";
import { resources } from "../../operator/controller/resources.ts";
import type { ApiClient, ObjectRef } from "../../operator/runtime/client.ts";

/** The fields of a pod that the demo reads. */
export interface KubePod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { type: string; status: string; lastTransitionTime: string }[];
    readonly containerStatuses?: readonly { state: { waiting?: { reason: string }; terminated?: object } }[];
  };
}

/** In the order in which `summary` lists them. `ready`: Ready, but not yet for minReadySeconds. */
const podStates = ["available", "ready", "starting", "crashed", "terminating"] as const;

export interface Pod {
  readonly name: string;
  readonly ip: string;
  /** The tag of the image. */
  readonly version: string;
  readonly state: (typeof podStates)[number];
}

/** A DemoApp and its pods, also those that are terminating. */
export interface AppState {
  /** Undefined until the operator has observed the current spec. */
  readonly status: DemoAppStatus | undefined;
  readonly pods: readonly Pod[];
}

/** The tag of an image reference, without a digest. */
export const versionOf = (image: string): string => /:([^:/@]+)(@.*)?$/.exec(image)?.[1] ?? image;

function podStateOf({ metadata, status }: KubePod, minReadyMs: number, nowMs: number): Pod["state"] {
  if (metadata.deletionTimestamp !== undefined) return "terminating";
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True")
    return nowMs - Date.parse(ready.lastTransitionTime) >= minReadyMs ? "available" : "ready";
  const { terminated, waiting } = status.containerStatuses?.[0]?.state ?? {};
  return terminated !== undefined || waiting?.reason.includes("BackOff") === true ? "crashed" : "starting";
}

/** A pod at `nowMs` (ms since 1970); availability is defined as for a Deployment. */
export const podOf = (pod: KubePod, minReadyMs: number, nowMs: number): Pod => ({
  name: pod.metadata.name,
  ip: pod.status.podIP ?? "",
  version: versionOf(pod.spec.containers[0]?.image ?? ""),
  state: podStateOf(pod, minReadyMs, nowMs),
});

/** Reads a DemoApp and its pods. */
export async function readApp(client: ApiClient, app: ObjectRef): Promise<AppState> {
  const { metadata, spec, status } = await client.get(resources.DemoApp, app);
  const labelSelector = `app.kubernetes.io/name=${app.name}`;
  const { items } = await client.list(resources.Pod, { namespace: app.namespace, labelSelector });
  const { minReadySeconds } = spec as { minReadySeconds: number };
  const observed = status as DemoAppStatus | undefined;
  const nowMs = Date.now();
  return {
    status: observed?.observedGeneration === metadata.generation ? observed : undefined,
    pods: items.map((pod) => podOf(pod as unknown as KubePod, minReadySeconds * 1000, nowMs)),
  };
}

export const messageOf = ({ status }: AppState): string =>
  status?.message ?? "(the operator has not observed this spec yet)";

/** Number of a version's pods by state, such as "2 available, 1 starting"; "-" if there is none. */
export function summary(pods: readonly Pod[], version: string): string {
  const ofVersion = pods.filter((pod) => pod.version === version).map(({ state }) => state);
  const counts = podStates.map((state) => [ofVersion.filter((one) => one === state).length, state] as const);
  const present = counts.filter(([count]) => count > 0);
  return present.map((count) => count.join(" ")).join(", ") || "-";
}

export const availablePods = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter(({ state }) => state === "available");

/** Names of pods, as one text to compare. */
export const namesOf = (pods: readonly Pod[]): string =>
  pods
    .map(({ name }) => name)
    .toSorted()
    .join();
