import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { hasEnded } from "./deletion.ts";
import { fieldsOf, isFields, textOf } from "./json.ts";
import { type Kind, keyOf } from "./kinds/kind.ts";
import type { Store } from "./store.ts";

/** A write for admission to allow or refuse. */
export interface Admission {
  readonly operation: "create" | "update";
  readonly kind: Kind;
  readonly object: KubeObject;
}
/** Returns why a write is forbidden; undefined allows the write. */
export type Admit = (admission: Admission) => string | undefined;

type KindOf = (key: string) => Kind;

/** Refuses a pod without its service account, with the message of the ServiceAccount plugin. */
const checkServiceAccount =
  (store: Store, kindOf: KindOf) =>
  ({ metadata: { namespace }, spec }: KubeObject): string | undefined => {
    const name = textOf(fieldsOf(spec)["serviceAccountName"]);
    return store.get(kindOf("serviceaccounts."), namespace, name) === undefined
      ? `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
      : undefined;
  };

/** Refuses a pod that exceeds the `pods` of a ResourceQuota, with the message of the ResourceQuota plugin. */
const checkQuota =
  (store: Store, kindOf: KindOf) =>
  ({ metadata: { namespace } }: KubeObject): string | undefined => {
    const used = store.list(kindOf("pods."), namespace).filter((pod) => !hasEnded(pod)).length;
    for (const { metadata, spec } of store.list(kindOf("resourcequotas."), namespace)) {
      const limit = Number(fieldsOf(fieldsOf(spec)["hard"])["pods"] ?? Infinity);
      if (used >= limit)
        return `exceeded quota: ${metadata.name}, requested: pods=1, used: pods=${used}, limited: pods=${limit}`;
    }
    return undefined;
  };

/** The API server's own checks of new pods. */
export function podAdmission(store: Store, kindOf: KindOf): Admit {
  const checks = [checkServiceAccount(store, kindOf), checkQuota(store, kindOf)];
  return ({ operation, kind, object }) => {
    if (operation !== "create" || keyOf(kind) !== "pods.") return undefined;
    return checks.map((check) => check(object)).find((refusal) => refusal !== undefined);
  };
}

/** Changes an object after defaults and ownership, as the server's allocators do. */
export type Allocate = (kind: Kind, object: KubeObject, before: KubeObject | undefined) => KubeObject;

/** Gives each Service a cluster IP, which the Service keeps. */
export function serviceAllocator(): Allocate {
  let addresses = 0;
  return (kind, object, before) => {
    const spec = object["spec"];
    if (keyOf(kind) !== "services." || !isFields(spec) || spec["type"] === "ExternalName") return object;
    const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = { ...fieldsOf(before?.["spec"]), ...spec };
    if (clusterIP === undefined) addresses += 1;
    const address = clusterIP ?? `10.96.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
    const allocated = {
      clusterIP: address,
      clusterIPs: clusterIPs ?? [address],
      ipFamilies: ipFamilies ?? ["IPv4"],
      ipFamilyPolicy: ipFamilyPolicy ?? "SingleStack",
    };
    return { ...object, spec: { ...spec, ...allocated } };
  };
}
