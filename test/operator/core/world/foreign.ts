import { fieldManager } from "../../../../operator/api/names.ts";
import { type PatchOperation, matchesKey } from "../../../../operator/core/fields.ts";
import {
  type Fields,
  type FieldSet,
  type ManagedFields,
  type Manifest,
  isFields,
} from "../../../../operator/core/manifest.ts";

/** What somebody else does to the spec of a Deployment by hand. */
export type Change = "replicas" | "container" | "hostNetwork" | "nodeSelector" | "image";

interface Hand {
  readonly change: (spec: Spec) => Spec;
  readonly owns: FieldSet;
}

type Spec = Fields & { readonly template: Template };
type Template = Fields & { readonly spec: Fields & { readonly containers: readonly Fields[] } };

const inPod =
  (change: (pod: Template["spec"]) => Template["spec"]): Hand["change"] =>
  (spec) => ({ ...spec, template: { ...spec.template, spec: change(spec.template.spec) } });
const podField = (field: string, below: FieldSet = {}): FieldSet => ({
  "f:template": { "f:spec": { [`f:${field}`]: below } },
});

const hands: Record<Change, Hand> = {
  replicas: { change: (spec) => ({ ...spec, replicas: 7 }), owns: { "f:replicas": {} } },
  container: {
    change: inPod((pod) => ({
      ...pod,
      containers: [{ name: "spy", image: "spy:1" }, ...pod.containers.filter(({ name }) => name !== "spy")],
    })),
    owns: podField("containers", { 'k:{"name":"spy"}': { ".": {}, "f:name": {}, "f:image": {} } }),
  },
  hostNetwork: { change: inPod((pod) => ({ ...pod, hostNetwork: true })), owns: podField("hostNetwork") },
  nodeSelector: {
    change: inPod((pod) => ({ ...pod, nodeSelector: { disk: "ssd" } })),
    owns: podField("nodeSelector"),
  },
  image: {
    change: inPod((pod) => ({
      ...pod,
      containers: pod.containers.map((c) => (c["name"] === "app" ? { ...c, image: "good:by-hand" } : c)),
    })),
    owns: podField("containers", { 'k:{"name":"app"}': { "f:image": {} } }),
  },
};

export const changes = Object.keys(hands) as Change[];

/** The Deployment after a change by hand, claimed by its manager as the API server notes it. */
export function changedByHand(deployment: Manifest, change: Change): Manifest {
  const { owns, change: apply } = hands[change];
  const entry: ManagedFields = { manager: "kubectl-edit", operation: "Update", fieldsV1: { "f:spec": owns } };
  const managedFields = [...(deployment.metadata.managedFields ?? []), entry];
  return {
    ...deployment,
    metadata: { ...deployment.metadata, managedFields },
    spec: apply(deployment["spec"] as Spec),
  };
}

/** The fields of an applied value; lists are named as a whole, but for containers. */
const fieldsOf = (value: unknown): FieldSet => {
  if (Array.isArray(value))
    return Object.fromEntries(
      value.flatMap((item) =>
        isFields(item) && "image" in item ? [[`k:{"name":"${String(item["name"])}"}`, fieldsOf(item)]] : [],
      ),
    );
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [`f:${key}`, fieldsOf(child)]));
};

/** The API server drops what Go calls zero. */
function withoutZeros({ minReadySeconds, ...spec }: Fields): Fields {
  return minReadySeconds === 0 ? spec : { ...spec, minReadySeconds };
}

/** Keeps what others added and takes the applied fields over, as a forced server-side apply does. */
function merged(live: unknown, applied: unknown): unknown {
  if (
    Array.isArray(applied) &&
    Array.isArray(live) &&
    applied.some((item) => isFields(item) && "image" in item)
  ) {
    const others = live.filter(
      (item) => !applied.some((own) => (own as Fields)["name"] === (item as Fields)["name"]),
    );
    return [...others, ...applied];
  }
  if (!isFields(applied) || !isFields(live)) return applied;
  const own = Object.entries(applied).map(([key, value]) => [key, merged(live[key], value)]);
  return { ...live, ...Object.fromEntries(own) };
}

/** A value without what a field set names and the applied value lacks, as an apply drops what was its. */
function withoutDropped(live: unknown, fields: FieldSet, wanted: unknown): unknown {
  if (Array.isArray(live)) {
    const others = Array.isArray(wanted) ? (wanted as unknown[]) : [];
    return live.flatMap((item: unknown) => {
      const key = Object.keys(fields).find(
        (step) => step.startsWith("k:") && matchesKey(item, JSON.parse(step.slice(2)) as Fields),
      );
      if (key === undefined) return [item];
      const other = others.find((candidate) => matchesKey(candidate, JSON.parse(key.slice(2)) as Fields));
      return other === undefined ? [] : [withoutDropped(item, fields[key] ?? {}, other)];
    });
  }
  if (!isFields(live) || !isFields(wanted)) return live;
  const kept = Object.entries(live).flatMap(([name, value]) => {
    const below = fields[`f:${name}`];
    if (below === undefined) return [[name, value]];
    return name in wanted ? [[name, withoutDropped(value, below, wanted[name])]] : [];
  });
  return Object.fromEntries(kept) as Fields;
}

const isOwn = ({ manager, operation }: ManagedFields): boolean =>
  manager === fieldManager && operation === "Apply";

/** What a forced server-side apply by the operator makes of the live object. */
export function applied(live: Manifest | undefined, wanted: Manifest): Manifest {
  const managed = live?.metadata.managedFields ?? [];
  const before = managed.find(isOwn)?.fieldsV1?.["f:spec"] ?? {};
  const spec = merged(withoutDropped(live?.["spec"], before, wanted["spec"]), wanted["spec"]) as Fields;
  const own: ManagedFields = {
    manager: fieldManager,
    operation: "Apply",
    fieldsV1: { "f:spec": fieldsOf(wanted["spec"]) },
  };
  return {
    ...wanted,
    metadata: {
      ...live?.metadata,
      ...wanted.metadata,
      managedFields: [...managed.filter((entry) => !isOwn(entry)), own],
    },
    spec: wanted.kind === "Deployment" ? withoutZeros(spec) : spec,
    status: live?.["status"],
  };
}

/** The object after a JSON Patch of the kind that the core makes, which changes managedFields only. */
export function patched(live: Manifest, patch: readonly PatchOperation[]): Manifest {
  const managedFields = patch.reduce(
    (entries, operation) => claimed(entries, operation),
    [...(live.metadata.managedFields ?? [])],
  );
  return { ...live, metadata: { ...live.metadata, managedFields } };
}

function claimed(entries: ManagedFields[], operation: PatchOperation): ManagedFields[] {
  const { path } = operation;
  if (path === "/metadata/resourceVersion") return entries;
  const value = operation.op === "remove" ? undefined : operation.value;
  if (path === "/metadata/managedFields/-") return [...entries, value as ManagedFields];
  const index = Number(/^\/metadata\/managedFields\/(\d+)\/fieldsV1\/f:spec$/.exec(path)?.[1]);
  if (entries[index] === undefined) throw new Error(`nothing at ${path}`);
  return entries.map((entry, at) => {
    if (at !== index) return entry;
    const { "f:spec": _, ...others } = entry.fieldsV1 ?? {};
    return { ...entry, fieldsV1: value === undefined ? others : { ...others, "f:spec": value as FieldSet } };
  });
}
