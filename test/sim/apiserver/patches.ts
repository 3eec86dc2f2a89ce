import { type Operation, applyPatch } from "rfc6902";
import { type Fields, isFields } from "./json.ts";
import { Refusal } from "./refusal.ts";

/** A merge patch (RFC 7386): null removes, objects merge, every other value replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** A JSON patch (RFC 6902). */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new Refusal(400, "a JSON patch is a list of operations");
  const operations = patch as readonly Operation[];
  const result = structuredClone(target);
  const errors = applyPatch(result, [...operations]);
  const failed = operations[errors.findIndex((error) => error !== null)];
  if (failed === undefined) return result;
  const { op, path } = failed;
  throw new Refusal(
    422,
    op === "test"
      ? `testing value ${path} failed: test failed`
      : `${op} operation does not apply: doc is missing path: "${path}": missing value`,
  );
}

/** The result of a patch; its content type tells the kind of the patch. */
export function patchedBy(contentType: string, target: Fields, body: unknown): unknown {
  if (contentType.startsWith("application/merge-patch+json")) return mergePatch(target, body);
  if (contentType.startsWith("application/json-patch+json")) return jsonPatch(target, body);
  throw new Refusal(
    415,
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
  );
}
