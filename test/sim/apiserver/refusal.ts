import type { StatusCause } from "../../../operator/runtime/api-error.ts";
import type { ResourceType } from "../../../operator/runtime/kubernetes.ts";

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The API server's refusal of a request: a `meta/v1 Status`, with the reason of its code by default. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: Details | undefined;
  readonly #reason: string;

  constructor(
    code: number,
    message: string,
    { reason, details }: { reason?: string | undefined; details?: Details } = {},
  ) {
    super(message);
    this.code = code;
    this.details = details;
    this.#reason = reason ?? reasons[code] ?? "";
  }

  get status() {
    const { code, message, details } = this;
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, message };
    return { ...status, reason: this.#reason, ...(details && { details }) };
  }
}

const inGroup = (name: string, group: string): string => (group === "" ? name : `${name}.${group}`);

/** Makes refusals of one object. The message names the object as `deployments.apps "web"`. */
const ofObject =
  (code: number, text: (target: string, why: string) => string, reason?: string) =>
  ({ group, plural }: Pick<ResourceType, "group" | "plural">, name: string, why = modified): Refusal => {
    const details = { name, ...(group !== "" && { group }), kind: plural };
    return new Refusal(code, text(`${inGroup(plural, group)} "${name}"`, why), { reason, details });
  };

const modified =
  "the object has been modified; please apply your changes to the latest version and try again";

export const notFound = ofObject(404, (target) => `${target} not found`);
export const alreadyExists = ofObject(409, (target) => `${target} already exists`, "AlreadyExists");
export const conflict = ofObject(409, (target, why) => `Operation cannot be fulfilled on ${target}: ${why}`);
export const forbidden = ofObject(403, (target, why) => `${target} is forbidden: ${why}`);

/** The server does not serve the group. This answer is no Status. */
export const noSuchPath = (): Refusal => new Refusal(404, "404 page not found");

/** The server does not serve the kind or the subresource. */
export const noSuchKind = (): Refusal =>
  new Refusal(404, "the server could not find the requested resource", { details: {} });

export const methodNotAllowed = (): Refusal =>
  new Refusal(405, "the server does not allow this method on the requested resource", { details: {} });

/** Validation failed. The message of a cause does not repeat its field. */
export function invalid(
  { group, kind }: Pick<ResourceType, "group" | "kind">,
  name: string,
  causes: readonly StatusCause[],
): Refusal {
  const texts = causes.map(({ field = "", message = "" }) => (field ? `${field}: ${message}` : message));
  const list = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  return new Refusal(422, `${inGroup(kind, group)} "${name}" is invalid: ${list}`, {
    details: { ...(name !== "" && { name }), ...(group !== "" && { group }), kind, causes },
  });
}

/** A field manager, as messages name it, and its fields that an apply of another manager would change. */
export interface ApplyConflict {
  readonly manager: string;
  readonly fields: readonly string[];
}

/** Other managers own fields that a server-side apply would change. */
export function applyConflict(conflicts: readonly ApplyConflict[]): Refusal {
  const reason = "FieldManagerConflict";
  const causes = conflicts.flatMap(({ manager, fields }) =>
    fields.map((field) => ({ reason, message: `conflict with ${manager}`, field })),
  );
  const groups = conflicts.map(({ manager, fields }) =>
    fields.length === 1
      ? `conflict with ${manager}: ${fields.join("")}`
      : `conflicts with ${manager}:\n- ${fields.join("\n- ")}`,
  );
  const count = `${causes.length} conflict${causes.length === 1 ? "" : "s"}`;
  return new Refusal(409, `Apply failed with ${count}: ${groups.join("\n")}`, { details: { causes } });
}
