import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf } from "../json.ts";
import { builtIn, controllerRevision, service } from "../managed/schema.ts";
import { matchesLabels } from "../selectors.ts";
import { deploymentSpec, ofPodSpec, replicaSetSpec, serviceSpec, throughGo } from "./defaults.ts";
import { type Kind, invalidValue, missing, required } from "./kind.ts";

type Part = Partial<Kind> & { readonly spec?: (spec: Fields) => Fields; readonly structs?: Fields };

const objectOf = (value: unknown): KubeObject => value as KubeObject;

function kind(
  name: readonly [group: string, version: string, plural: string, kind: string],
  part: Part = {},
): Kind {
  const [group, version, plural, kind] = name;
  const { spec, structs = {}, ...rest } = part;
  return {
    group,
    version,
    plural,
    kind,
    namespaced: true,
    schema: builtIn,
    hasStatus: "status" in structs,
    hasScale: false,
    isCustom: false,
    complete(object) {
      const known = objectOf({ ...structs, ...fieldsOf(throughGo(object)) });
      return spec === undefined ? known : { ...known, spec: spec(fieldsOf(known["spec"])) };
    },
    validate: () => [],
    ...rest,
    empty: { metadata: {}, ...structs, ...rest.empty },
  };
}

const changed = (field: string) => (before: KubeObject, after: KubeObject) =>
  !equal(before[field], after[field]);

/** Deployments count annotations in too. */
const specOrAnnotations = (before: KubeObject, after: KubeObject): boolean =>
  changed("spec")(before, after) ||
  !equal(before.metadata.annotations ?? {}, after.metadata.annotations ?? {});

/** What a workload's selector and template must be. */
function workload(object: KubeObject, before: KubeObject | undefined): readonly StatusCause[] {
  const spec = fieldsOf(object["spec"]);
  const template = fieldsOf(spec["template"]);
  const labels = fieldsOf(fieldsOf(template["metadata"])["labels"]) as Readonly<Record<string, string>>;
  const containers = itemsOf(fieldsOf(template["spec"])["containers"]);
  const volumes = new Set(itemsOf(fieldsOf(template["spec"])["volumes"]).map(({ name }) => name));
  const old = before && fieldsOf(before["spec"])["selector"];
  const causes: StatusCause[] = [];
  if (!isFields(spec["selector"])) causes.push(required("spec.selector"));
  else if (!matchesLabels(spec["selector"], labels))
    causes.push(
      invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"),
    );
  if (containers.length === 0) causes.push(required("spec.template.spec.containers"));
  containers.forEach((container, i) => {
    const path = `spec.template.spec.containers[${i}]`;
    if (container["image"] === undefined) causes.push(required(`${path}.image`));
    itemsOf(container["volumeMounts"]).forEach(({ name }, j) => {
      if (!volumes.has(name)) causes.push(missing(`${path}.volumeMounts[${j}].name`, name));
    });
  });
  if (before && !equal(old, spec["selector"]))
    causes.push(invalidValue("spec.selector", spec["selector"], "field is immutable"));
  return causes;
}

const ports = (object: KubeObject): readonly StatusCause[] => {
  const spec = fieldsOf(object["spec"]);
  const count = itemsOf(spec["ports"]).length;
  return count === 0 && spec["clusterIP"] !== "None" ? [required("spec.ports")] : [];
};

const frozenData = (object: KubeObject, before: KubeObject | undefined): readonly StatusCause[] =>
  before && !equal(before["data"], object["data"])
    ? [invalidValue("data", object["data"], "field is immutable")]
    : [];

/** Texts are stored encoded. */
function secret({ stringData, ...object }: KubeObject): KubeObject {
  const encoded = Object.entries(fieldsOf(stringData)).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString("base64"),
  ]);
  const data = { ...fieldsOf(object["data"]), ...Object.fromEntries(encoded) };
  const known = { type: "Opaque", ...object };
  return objectOf(Object.keys(data).length === 0 ? known : { ...known, data });
}

const template = { metadata: {}, spec: {} };
/** Go's zero value has a list of containers, which is null: nobody owns the list itself. */
const emptyTemplate = { metadata: {}, spec: { containers: null } };

/** The built-in kinds that are served. */
export const builtInKinds: readonly Kind[] = [
  kind(["apps", "v1", "deployments", "Deployment"], {
    spec: deploymentSpec,
    structs: { spec: { strategy: {}, template }, status: {} },
    empty: { spec: { strategy: {}, template: emptyTemplate } },
    hasScale: true,
    isNewGeneration: specOrAnnotations,
    validate: workload,
  }),
  kind(["apps", "v1", "replicasets", "ReplicaSet"], {
    spec: replicaSetSpec,
    structs: { spec: { template }, status: { replicas: 0 } },
    empty: { spec: { template: emptyTemplate } },
    hasScale: true,
    isNewGeneration: changed("spec"),
    validate: workload,
  }),
  kind(["apps", "v1", "controllerrevisions", "ControllerRevision"], {
    schema: controllerRevision,
    validate: frozenData,
  }),
  kind(["", "v1", "services", "Service"], {
    schema: service,
    spec: serviceSpec,
    structs: { spec: {}, status: { loadBalancer: {} } },
    validate: ports,
  }),
  kind(["", "v1", "pods", "Pod"], {
    spec: ofPodSpec,
    structs: { spec: {}, status: {} },
    empty: { spec: { containers: null } },
    isNewGeneration: changed("spec"),
  }),
  kind(["", "v1", "events", "Event"], { structs: { involvedObject: {}, source: {} } }),
  kind(["", "v1", "configmaps", "ConfigMap"]),
  kind(["", "v1", "secrets", "Secret"], { complete: secret }),
  kind(["", "v1", "serviceaccounts", "ServiceAccount"]),
  kind(["", "v1", "namespaces", "Namespace"], { namespaced: false, structs: { spec: {}, status: {} } }),
  kind(["", "v1", "nodes", "Node"], { namespaced: false, structs: { spec: {}, status: {} } }),
  kind(["", "v1", "resourcequotas", "ResourceQuota"], { structs: { spec: {}, status: {} } }),
  kind(["events.k8s.io", "v1", "events", "Event"]),
  kind(["autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"], {
    structs: { spec: { scaleTargetRef: {} }, status: {} },
  }),
  kind(["coordination.k8s.io", "v1", "leases", "Lease"], { structs: { spec: {} } }),
];
