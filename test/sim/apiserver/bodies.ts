import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, fieldsOf, textOf } from "./json.ts";
import { jsonPatch, mergePatch } from "./patches.ts";
import { badRequest, unsupportedMediaType } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import type { WriteContext } from "./writes.ts";

/** The object that a patch makes of another. */
export function patchedBy(contentType: string, target: Fields, body: unknown): unknown {
  if (contentType.startsWith("application/merge-patch+json")) return mergePatch(target, body);
  if (contentType.startsWith("application/json-patch+json")) return jsonPatch(target, body);
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
  );
}

/** Who writes where: the manager that is named, or the first part of the user agent. */
export const contextOf = ({ kind, subresource, query, userAgent }: ApiRequest): WriteContext => ({
  kind,
  subresource,
  manager: query.get("fieldManager") ?? (userAgent.split("/")[0] || "unknown"),
});

/** The object that a request brings; throws if it is for another address. */
export function objectOf({ kind, body, name, subresource }: ApiRequest): KubeObject {
  const object = fieldsOf(body);
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  const metadata = fieldsOf(object["metadata"]);
  if (object["apiVersion"] !== apiVersion && subresource !== "binding")
    throw badRequest(
      `${kind.kind} in version "${textOf(object["apiVersion"])}" cannot be handled as a ${kind.kind}: no kind "${kind.kind}" is registered for version "${textOf(object["apiVersion"])}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  if (name !== undefined && metadata["name"] !== undefined && metadata["name"] !== name)
    throw badRequest(
      `the name of the object (${textOf(metadata["name"])}) does not match the name on the URL (${name})`,
    );
  return { ...object, metadata } as unknown as KubeObject;
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Gives five letters as generateName appends them, each time others. */
export function suffixes(): () => string {
  let names = 0;
  return () => {
    // A step that shares no factor with the number of suffixes, so that each comes once.
    let rest = (names * 7_368_787) % alphabet.length ** 5;
    names += 1;
    let suffix = "";
    for (let i = 0; i < 5; i += 1) {
      suffix += alphabet[rest % alphabet.length];
      rest = Math.floor(rest / alphabet.length);
    }
    return suffix;
  };
}
