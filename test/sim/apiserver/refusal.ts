import type { StatusCause } from "../../../operator/runtime/api-error.ts";
import type { ResourceType } from "../../../operator/runtime/kubernetes.ts";
import type { ApplyConflict, Conflict } from "./managed/ownership.ts";

type Resource = Pick<ResourceType, "group" | "plural">;

/** A `meta/v1 Status` that says no. */
export interface StatusObject {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

/** An answer that refuses a request, in the API server's words. */
export class Refusal extends Error {
  readonly status: StatusObject;

  constructor(status: StatusObject) {
    super(status.message);
    this.status = status;
  }
}

/** `deployments.apps`, as in messages. */
const qualified = ({ group, plural }: Resource): string => (group === "" ? plural : `${plural}.${group}`);

const detailsOf = ({ group, plural }: Resource, name: string) => ({
  name,
  ...(group !== "" && { group }),
  kind: plural,
});

export const notFound = (resource: Resource, name: string): Refusal =>
  new Refusal({
    code: 404,
    reason: "NotFound",
    message: `${qualified(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  });

/** The group is not served: an answer that is no Status. */
export const noSuchPath = (): Refusal =>
  new Refusal({ code: 404, reason: "NotFound", message: "404 page not found" });

/** The kind or subresource is not served. */
export const noSuchKind = (): Refusal =>
  new Refusal({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });

export const alreadyExists = (resource: Resource, name: string): Refusal =>
  new Refusal({
    code: 409,
    reason: "AlreadyExists",
    message: `${qualified(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  });

const changed = "the object has been modified; please apply your changes to the latest version and try again";

export const conflict = (resource: Resource, name: string, why = changed): Refusal =>
  new Refusal({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  });

export const forbidden = (resource: Resource, name: string, why: string): Refusal =>
  new Refusal({
    code: 403,
    reason: "Forbidden",
    message: `${qualified(resource)} "${name}" is forbidden: ${why}`,
    details: detailsOf(resource, name),
  });

export const badRequest = (message: string): Refusal =>
  new Refusal({ code: 400, reason: "BadRequest", message });

export const unsupportedMediaType = (message: string): Refusal =>
  new Refusal({ code: 415, reason: "UnsupportedMediaType", message });

export const methodNotAllowed = (): Refusal =>
  new Refusal({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });

export const expired = (message: string): Refusal => new Refusal({ code: 410, reason: "Expired", message });

/** Validation failed: each cause with its field and a message without the field. */
export function invalid(
  kind: Pick<ResourceType, "group" | "kind">,
  name: string,
  causes: readonly StatusCause[],
): Refusal {
  const texts = causes.map(({ field = "", message = "" }) =>
    field === "" ? message : `${field}: ${message}`,
  );
  const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const list = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  return new Refusal({
    code: 422,
    reason: "Invalid",
    message: `${what} "${name}" is invalid: ${list}`,
    details: {
      ...(name !== "" && { name }),
      ...(kind.group !== "" && { group: kind.group }),
      kind: kind.kind,
      causes,
    },
  });
}

function managerWords({ manager: { manager, subresource, apiVersion } }: Conflict): string {
  const where = subresource ? ` with subresource "${subresource}"` : "";
  return `"${manager}"${where} using ${apiVersion}`;
}

/** What server-side apply answers when others own what it would change. */
export function applyConflict({ conflicts }: ApplyConflict): Refusal {
  const causes = conflicts.flatMap((one) =>
    one.fields.map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${managerWords(one)}`,
      field,
    })),
  );
  const count = causes.length;
  const groups = conflicts.map((one) => {
    const [only] = one.fields;
    return one.fields.length === 1
      ? `conflict with ${managerWords(one)}: ${only}`
      : `conflicts with ${managerWords(one)}:\n- ${one.fields.join("\n- ")}`;
  });
  const message = `Apply failed with ${count} conflict${count === 1 ? "" : "s"}: ${groups.join("\n")}`;
  return new Refusal({ code: 409, reason: "Conflict", message, details: { causes } });
}
