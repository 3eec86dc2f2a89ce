/** What the API server tells of a pod, as far as the demo looks at it. */
export interface KubePod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly waiting?: { readonly reason: string }; readonly terminated?: object };
    }[];
  };
}

/** In the order in which a person cares. `ready`: answers, but not yet for minReadySeconds. */
const states = ["available", "ready", "starting", "crashed", "stopping"] as const;
export type PodState = (typeof states)[number];

/** A pod as the demo tells of it. */
export interface Pod {
  readonly name: string;
  readonly ip: string;
  /** The tag of its image. */
  readonly version: string;
  readonly state: PodState;
}

/** The tag of an image reference, without a digest. */
export const versionOf = (image: string): string => /:([^:/@]+)(@.*)?$/.exec(image)?.[1] ?? image;

function stateOf({ metadata, status }: KubePod, minReadyMs: number, nowMs: number): PodState {
  if (metadata.deletionTimestamp !== undefined) return "stopping";
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True")
    return nowMs - Date.parse(ready.lastTransitionTime) >= minReadyMs ? "available" : "ready";
  const container = status.containerStatuses?.[0];
  const ended = container?.state.terminated ?? /BackOff/.exec(container?.state.waiting?.reason ?? "");
  return ended ? "crashed" : "starting";
}

/** What `pod` comes to at the moment `nowMs` (ms since 1970), by the rule of Deployments. */
export const podOf = (pod: KubePod, minReadyMs: number, nowMs: number): Pod => ({
  name: pod.metadata.name,
  ip: pod.status.podIP ?? "",
  version: versionOf(pod.spec.containers[0]?.image ?? ""),
  state: stateOf(pod, minReadyMs, nowMs),
});

/** "2 available, 1 starting": the pods of a version by state; "-" if it has none. */
export function summary(pods: readonly Pod[], version: string): string {
  const own = pods.filter((pod) => pod.version === version);
  const parts = states.flatMap((state) => {
    const count = own.filter((pod) => pod.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return parts.join(", ") || "-";
}
