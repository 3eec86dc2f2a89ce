import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf, isFields, itemsOf, textOf } from "./json.ts";
import { type Kind, keyOf } from "./kinds/kind.ts";
import { nanosOf, quantityOf } from "./kinds/quantity.ts";
import type { Store } from "./store.ts";
import type { Admission, Admit, Allocate } from "./writes.ts";

type KindOf = (key: string) => Kind;

const isPodCreation = ({ operation, kind, subresource }: Admission): boolean =>
  operation === "create" && keyOf(kind) === "pods." && subresource === undefined;

/** Refuses a pod whose service account is missing, in the words of the ServiceAccount plugin. */
export const serviceAccounts =
  (store: Store, kindOf: KindOf): Admit =>
  (admission) => {
    if (!isPodCreation(admission)) return undefined;
    const { metadata, spec } = admission.object;
    const name = textOf(fieldsOf(spec)["serviceAccountName"]);
    const { namespace } = metadata;
    return store.get(kindOf("serviceaccounts."), namespace, name) === undefined
      ? `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
      : undefined;
  };

/** Every resource name that a quota may limit, with what a pod takes of it. */
function usageOf(pod: Fields): ReadonlyMap<string, bigint> {
  const usage = new Map<string, bigint>([["pods", 10n ** 9n]]);
  const add = (name: string, quantity: unknown): void => {
    usage.set(name, (usage.get(name) ?? 0n) + nanosOf(quantity));
  };
  for (const container of itemsOf(fieldsOf(pod["spec"])["containers"])) {
    const { requests, limits } = fieldsOf(container["resources"]);
    for (const [name, quantity] of Object.entries(fieldsOf(requests))) {
      add(name, quantity);
      add(`requests.${name}`, quantity);
    }
    for (const [name, quantity] of Object.entries(fieldsOf(limits))) add(`limits.${name}`, quantity);
  }
  return usage;
}

const hasEnded = (pod: KubeObject): boolean =>
  ["Succeeded", "Failed"].includes(textOf(fieldsOf(pod["status"])["phase"]));

/** Refuses a pod that a ResourceQuota has no room for, in the words of the ResourceQuota plugin. */
export const quotas =
  (store: Store, kindOf: KindOf): Admit =>
  (admission) => {
    if (!isPodCreation(admission)) return undefined;
    const { namespace } = admission.object.metadata;
    const found = store.list(kindOf("resourcequotas."), namespace);
    if (found.length === 0) return undefined;
    const pods = store.list(kindOf("pods."), namespace).filter((pod) => !hasEnded(pod));
    const wanted = usageOf(admission.object);
    const sum = (name: string): bigint =>
      pods.reduce((total, pod) => total + (usageOf(pod).get(name) ?? 0n), 0n);
    for (const quota of found) {
      const hard = Object.entries(fieldsOf(fieldsOf(quota["spec"])["hard"]));
      const over = hard.filter(([name, limit]) => sum(name) + (wanted.get(name) ?? 0n) > nanosOf(limit));
      if (over.length === 0) continue;
      const say = (amount: (name: string, limit: unknown) => string): string =>
        over.map(([name, limit]) => `${name}=${amount(name, limit)}`).join(",");
      const requested = say((name, limit) => quantityOf(wanted.get(name) ?? 0n, limit));
      const used = say((name, limit) => quantityOf(sum(name), limit));
      const limited = say((_, limit) => String(limit));
      return `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${used}, limited: ${limited}`;
    }
    return undefined;
  };

/** Gives each Service an address, which it keeps, and ports on the node if its type has some. */
export function serviceAllocator(): Allocate {
  let addresses = 0;
  return (kind, object, before) => {
    const spec = object["spec"];
    if (keyOf(kind) !== "services." || !isFields(spec)) return object;
    const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = { ...fieldsOf(before?.["spec"]), ...spec };
    if (spec["type"] === "ExternalName") return object;
    if (clusterIP === undefined) addresses += 1;
    const address = clusterIP ?? `10.96.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
    return {
      ...object,
      spec: {
        ...spec,
        clusterIP: address,
        clusterIPs: clusterIPs ?? [address],
        ipFamilies: ipFamilies ?? ["IPv4"],
        ipFamilyPolicy: ipFamilyPolicy ?? "SingleStack",
      },
    };
  };
}
