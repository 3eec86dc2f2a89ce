import { type KubeObject, apiVersionOf } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf, numberOf, textOf, withMetadata } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import { Refusal, noSuchKind } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import type { WriteContext } from "./writes.ts";

/** The field manager defaults to the first part of the user agent. */
export const contextOf = ({ kind, subresource, query, userAgent }: ApiRequest): WriteContext => ({
  kind,
  subresource,
  manager: query.get("fieldManager") ?? (userAgent.split("/")[0] || "unknown"),
});

/** The object in a request's body; throws if its apiVersion or its name differ from the URL. */
export function objectOf({ kind, body, name }: ApiRequest): KubeObject {
  const object = fieldsOf(body);
  const metadata = fieldsOf(object["metadata"]);
  const apiVersion = textOf(object["apiVersion"]);
  if (apiVersion !== apiVersionOf(kind))
    throw new Refusal(
      400,
      `${kind.kind} in version "${apiVersion}" cannot be handled as a ${kind.kind}: no kind "${kind.kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  if (name !== undefined && metadata["name"] !== undefined && metadata["name"] !== name)
    throw new Refusal(
      400,
      `the name of the object (${textOf(metadata["name"])}) does not match the name on the URL (${name})`,
    );
  return { ...object, metadata } as unknown as KubeObject;
}

/** A label selector as text. */
const selectorText = (selector: unknown): string =>
  Object.entries(fieldsOf(fieldsOf(selector)["matchLabels"]))
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort()
    .join(",");

/** The `autoscaling/v1` Scale of an object. */
export function scaleOf(kind: Kind, object: KubeObject): Fields {
  if (!kind.hasScale) throw noSuchKind();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = fieldsOf(object["spec"]);
  const status = fieldsOf(object["status"]);
  const selector = textOf(status["selector"]) || selectorText(spec["selector"]);
  const replicas = numberOf(spec["replicas"]);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberOf(status["replicas"]), ...(selector !== "" && { selector }) },
  };
}

/** The object with the replicas of a Scale. */
export function scaledBy(object: KubeObject, scale: unknown): KubeObject {
  const { metadata, spec } = fieldsOf(scale);
  const resourceVersion = textOf(fieldsOf(metadata)["resourceVersion"]) || object.metadata.resourceVersion;
  const replicas = numberOf(fieldsOf(spec)["replicas"]);
  return { ...withMetadata(object, { resourceVersion }), spec: { ...fieldsOf(object["spec"]), replicas } };
}
