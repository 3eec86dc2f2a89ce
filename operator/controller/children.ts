import {
  childAnnotations,
  deploymentName,
  fieldManager,
  group,
  kind,
  labels,
  previewName,
  serviceName,
  tracks,
} from "../api/names.ts";
import {
  type FieldSet,
  type Fields,
  type ManagedFields,
  type Manifest,
  type Metadata,
  type OwnerReference,
  compact,
  fieldsOf,
  isFields,
  truncate,
} from "../core/manifest.ts";
import { cleanText } from "../core/text.ts";
import { isEqual } from "../runtime/equal.ts";
import { withoutValues } from "../runtime/refusedvalues.ts";
import { withoutTemplate } from "../core/storedrevisions.ts";
import type { KubeObject } from "../runtime/kubernetes.ts";
import { comparedManagedFields } from "./managedfields.ts";

// The cache transforms of Deployments, Services and ControllerRevisions.

type Texts = Readonly<Record<string, string>>;

/** Keys of labels and annotations that the operator writes on children. */
const ownKeys: ReadonlySet<string> = new Set([...Object.values(labels), ...Object.values(childAnnotations)]);

/** The labels or annotations of the operator, and those that the field set of an earlier apply names. */
function comparedTexts(texts: Texts, applied: FieldSet | undefined): Texts {
  const kept = Object.entries(texts).filter(
    ([key]) => key.startsWith(`${group}/`) || ownKeys.has(key) || applied?.[`f:${key}`] !== undefined,
  );
  return Object.fromEntries(kept);
}

const identityFields = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
] as const;

const identityOf = (metadata: KubeObject["metadata"] | Metadata): Metadata =>
  compact(Object.fromEntries(identityFields.map((field) => [field, metadata[field]]))) as unknown as Metadata;

/** The metadata that is compared with the desired object. */
function comparedMetadata({ metadata }: KubeObject, previous: Manifest | undefined): Metadata {
  const entries = (metadata.managedFields ?? []) as readonly ManagedFields[];
  const own = entries.find(({ manager, operation }) => manager === fieldManager && operation === "Apply");
  const applied = own?.fieldsV1?.["f:metadata"];
  const { ownerReferences, labels: ownLabels, annotations } = metadata;
  return {
    ...identityOf(metadata),
    ...(ownerReferences && { ownerReferences }),
    ...(ownLabels && { labels: comparedTexts(ownLabels, applied?.["f:labels"]) }),
    ...(annotations && { annotations: comparedTexts(annotations, applied?.["f:annotations"]) }),
    managedFields: comparedManagedFields(entries, previous?.metadata.managedFields),
  };
}

/** Longest message of a condition. */
const maxConditionLength = 1024;

const withCleanMessage = (condition: unknown): Fields => {
  const fields = fieldsOf(condition);
  const { message } = fields;
  const text = typeof message === "string" ? truncate(message, maxConditionLength) : "";
  return { ...fields, message: cleanText(withoutValues(text), maxConditionLength) };
};

/** A Deployment's status. The condition about refused pods repeats the API server's answer. */
const withCleanConditions = (status: unknown): unknown =>
  isFields(status) && Array.isArray(status["conditions"])
    ? { ...status, conditions: status["conditions"].map(withCleanMessage) }
    : status;

/**
 * A Deployment or Service with the fields that are compared with the desired object, and the status. If `spec`
 * equals the previous one, the result has the previous object, so that `drift` does not compare it again.
 */
export function manifestOf(object: KubeObject, previous?: Manifest): Manifest {
  const { apiVersion, kind, spec, status } = object;
  const known = previous?.["spec"];
  return {
    apiVersion,
    kind,
    metadata: comparedMetadata(object, previous),
    spec: isEqual(spec, known) ? known : spec,
    status: withCleanConditions(status),
  };
}

/** Longest label, annotation and name that the operator writes, except the message of a revision. */
const maxTextLength = 512;
/** Longest message of a revision: that of the status. */
const maxMessageLength = 2048;

const shortTexts = (texts: Texts | undefined): Texts =>
  Object.fromEntries(
    Object.entries(texts ?? {}).flatMap(([key, value]) =>
      ownKeys.has(key) ? [[key, truncate(value, maxTextLength)]] : [],
    ),
  );

const shortReference = ({
  apiVersion,
  kind,
  name,
  uid,
  controller = false,
}: OwnerReference): OwnerReference => {
  const [shortApiVersion = "", shortKind = "", shortName = "", shortUid = ""] = [
    apiVersion,
    kind,
    name,
    uid,
  ].map((text) => truncate(text, maxTextLength));
  return { apiVersion: shortApiVersion, kind: shortKind, name: shortName, uid: shortUid, controller };
};

/** The controller of an object, else its first owner. */
const ownerOf = ({ ownerReferences = [] }: Pick<Metadata, "ownerReferences">): OwnerReference | undefined =>
  ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];

/** An object without its content: its name, its owner, and what the operator itself writes in its metadata. */
export function stubOf({ apiVersion, kind, metadata }: KubeObject | Manifest): Manifest {
  const owner = ownerOf(metadata);
  return {
    apiVersion,
    kind,
    metadata: {
      ...identityOf(metadata),
      labels: shortTexts(metadata.labels),
      annotations: shortTexts(metadata.annotations),
      ...(owner && { ownerReferences: [shortReference(owner)] }),
    },
  };
}

/** True if an object has the name of a child of the DemoApp that its controller reference names. */
function isChild({ kind: objectKind, metadata }: Manifest): boolean {
  const owner = ownerOf(metadata);
  const app = metadata.labels?.[labels.name];
  if (app === undefined || owner?.controller !== true || owner.kind !== kind || owner.name !== app)
    return false;
  if (!owner.apiVersion.startsWith(`${group}/`)) return false;
  const names =
    objectKind === "Service"
      ? [serviceName(app), previewName(app)]
      : tracks.map((track) => deploymentName(app, track));
  return names.includes(metadata.name);
}

/** Maximum size of a cached object: several times that of a Deployment with a dozen containers. */
const maxCachedSize = 128 * 1024;
/** Approximate size of a value beside its text, in characters. */
const valueSize = 16;

/** True if the texts and values of an object are within a size. Stops counting above the size. */
function isWithin(object: object, size: number): boolean {
  const pending = [object];
  for (let left = size; pending.length > 0;) {
    const value = pending.pop() ?? {};
    for (const key of Object.keys(value)) {
      const inner: unknown = Reflect.get(value, key);
      left -= valueSize + key.length + (typeof inner === "string" ? inner.length : 0);
      if (typeof inner === "object" && inner !== null) pending.push(inner);
    }
    if (left < 0) return false;
  }
  return true;
}

/**
 * Transforms a Deployment or Service. An object that no DemoApp owns, as anybody can label one, or that is very large loses
 * its content: `observe` reads such an object when a plan needs it.
 */
export function childOf(object: KubeObject, previous?: Manifest): Manifest {
  const child = manifestOf(object, previous);
  return isChild(child) && isWithin(child, maxCachedSize) ? child : stubOf(object);
}

/** True if the cache has dropped the content of a Deployment or Service. */
export const isStub = (child: Manifest): boolean => child["spec"] === undefined;

/** Transforms a ControllerRevision: drops the template, and all metadata that is not the operator's own. */
export function revisionObjectOf(object: KubeObject): Manifest {
  const { metadata } = object;
  const stub = stubOf(object);
  const message = metadata.annotations?.[childAnnotations.message];
  const annotations = {
    ...stub.metadata.annotations,
    ...(message !== undefined && { [childAnnotations.message]: truncate(message, maxMessageLength) }),
  };
  const { revision, data } = withoutTemplate(object as KubeObject & Manifest);
  return { ...stub, metadata: { ...stub.metadata, annotations }, revision, data };
}
