import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { type Fields, equal, fieldsOf, isFields, itemsOf } from "../json.ts";
import { builtIn, controllerRevision, service } from "../managed/schema.ts";
import { matchesLabels } from "../selectors.ts";
import { deploymentSpec, ofPodSpec, replicaSetSpec, serviceSpec, withoutZeroValues } from "./defaults.ts";
import { type Kind, forbiddenValue, invalidValue, required } from "./kind.ts";
import { complete } from "./structural.ts";

interface Traits extends Partial<Kind> {
  /** Defaults of the spec. */
  readonly defaults?: Fields;
  /** Structs that Go's type always encodes, also if they are empty. */
  readonly structs?: Fields;
}

const objectOf = (value: unknown): KubeObject => value as KubeObject;

/** A kind; its name is `<apiVersion> <Kind>`. */
function kind(name: string, { defaults, structs = {}, ...rest }: Traits = {}): Kind {
  const [apiVersion = "", kind = ""] = name.split(" ");
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  return {
    group,
    version,
    plural: `${kind.toLowerCase()}s`,
    kind,
    namespaced: true,
    schema: builtIn,
    hasStatus: "status" in structs,
    hasScale: false,
    isCustom: false,
    complete(object) {
      const known = objectOf({ ...structs, ...fieldsOf(withoutZeroValues(object)) });
      return defaults === undefined ? known : { ...known, spec: complete(known["spec"], defaults) };
    },
    validate: () => [],
    ...rest,
    empty: { metadata: {}, ...structs, ...rest.empty },
  };
}

const isNewSpec = (before: KubeObject, after: KubeObject): boolean => !equal(before["spec"], after["spec"]);

/** A change of annotations is a new generation of a Deployment, too. */
const isNewSpecOrAnnotations = (before: KubeObject, after: KubeObject): boolean =>
  isNewSpec(before, after) || !equal(before.metadata.annotations ?? {}, after.metadata.annotations ?? {});

const secondSource = (field: string): StatusCause =>
  forbiddenValue(field, "may not specify more than 1 volume type");

/** The sources of a volume except one; the server counts emptyDir first. */
function extraSources({ emptyDir, ...fields }: Fields): readonly string[] {
  const others = Object.keys(fields).filter((field) => field !== "name");
  return others.slice(emptyDir === undefined ? 1 : 0);
}

/** Validates the selector, the containers and the volumes of a Deployment or ReplicaSet. */
function workload(object: KubeObject, before: KubeObject | undefined): readonly StatusCause[] {
  const { selector, template } = fieldsOf(object["spec"]);
  const { metadata, spec } = fieldsOf(template);
  const labels = fieldsOf(fieldsOf(metadata)["labels"]) as Readonly<Record<string, string>>;
  const containers = itemsOf(fieldsOf(spec)["containers"]);
  const causes: StatusCause[] = [];
  if (!isFields(selector)) causes.push(required("spec.selector"));
  else if (!matchesLabels(selector, labels))
    causes.push(
      invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"),
    );
  if (containers.length === 0) causes.push(required("spec.template.spec.containers"));
  for (const [i, { image }] of containers.entries())
    if (image === undefined) causes.push(required(`spec.template.spec.containers[${i}].image`));
  for (const [i, one] of itemsOf(fieldsOf(spec)["volumes"]).entries())
    causes.push(
      ...extraSources(one).map((source) => secondSource(`spec.template.spec.volumes[${i}].${source}`)),
    );
  if (before && !equal(fieldsOf(before["spec"])["selector"], selector))
    causes.push(invalidValue("spec.selector", selector, "field is immutable"));
  return causes;
}

function hasPorts(object: KubeObject): readonly StatusCause[] {
  const { ports, clusterIP } = fieldsOf(object["spec"]);
  return itemsOf(ports).length === 0 && clusterIP !== "None" ? [required("spec.ports")] : [];
}

/** The API server compares the JSON text that it stores. */
const isDataUnchanged = (object: KubeObject, before: KubeObject | undefined): readonly StatusCause[] =>
  before && JSON.stringify(before["data"]) !== JSON.stringify(object["data"])
    ? [invalidValue("data", object["data"], "field is immutable")]
    : [];

/** The server stores `stringData` as `data`, in base64. */
function secret({ stringData, ...object }: KubeObject): KubeObject {
  const encoded = Object.entries(fieldsOf(stringData)).map(([key, text]) => [key, btoa(String(text))]);
  return objectOf({
    type: "Opaque",
    ...object,
    data: { ...fieldsOf(object["data"]), ...Object.fromEntries(encoded) },
  });
}

const template = { metadata: {}, spec: {} };
/** Go's zero value has a list of containers that is null, so the list itself has no owner. */
const emptyTemplate = { metadata: {}, spec: { containers: null } };

/** The built-in kinds that the server serves. */
export const builtInKinds: readonly Kind[] = [
  kind("apps/v1 Deployment", {
    defaults: deploymentSpec,
    structs: { spec: { strategy: {}, template }, status: {} },
    empty: { spec: { strategy: {}, template: emptyTemplate } },
    hasScale: true,
    isNewGeneration: isNewSpecOrAnnotations,
    validate: workload,
  }),
  kind("apps/v1 ReplicaSet", {
    defaults: replicaSetSpec,
    structs: { spec: { template }, status: { replicas: 0 } },
    empty: { spec: { template: emptyTemplate } },
    hasScale: true,
    isNewGeneration: isNewSpec,
    validate: workload,
  }),
  kind("apps/v1 ControllerRevision", { schema: controllerRevision, validate: isDataUnchanged }),
  kind("v1 Service", {
    schema: service,
    defaults: serviceSpec,
    structs: { spec: {}, status: { loadBalancer: {} } },
    validate: hasPorts,
  }),
  kind("v1 Pod", {
    defaults: ofPodSpec,
    structs: { spec: {}, status: {} },
    empty: { spec: { containers: null } },
    isNewGeneration: isNewSpec,
  }),
  kind("v1 Event", { structs: { involvedObject: {}, source: {} } }),
  kind("v1 ConfigMap"),
  kind("v1 Secret", { complete: secret }),
  kind("v1 ServiceAccount"),
  kind("v1 Namespace", { namespaced: false, structs: { spec: {}, status: {} } }),
  kind("v1 Node", { namespaced: false, structs: { spec: {}, status: {} } }),
  kind("v1 ResourceQuota", { structs: { spec: {}, status: {} } }),
  kind("events.k8s.io/v1 Event"),
  kind("autoscaling/v2 HorizontalPodAutoscaler", { structs: { spec: { scaleTargetRef: {} }, status: {} } }),
  kind("coordination.k8s.io/v1 Lease", { structs: { spec: {} } }),
];
