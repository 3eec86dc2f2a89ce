import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject, ResourceType } from "../../../../operator/runtime/kubernetes.ts";
import type { Fields } from "../json.ts";
import type { Schema } from "../managed/schema.ts";

/** A kind that is served, and what the API server does with its objects. */
export interface Kind extends ResourceType {
  readonly schema: Schema;
  /** What a creation is held against to tell who owns what: the structs that Go's zero value has. */
  readonly empty: Fields;
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  /** Custom kinds are replaced only by version, and their status endpoint writes nothing but the status. */
  readonly isCustom: boolean;
  /** Whether a spec's change counts as a new generation; undefined: the kind has none. */
  readonly isNewGeneration?: ((before: KubeObject, after: KubeObject) => boolean) | undefined;
  /** Fills in defaults, drops what the type does not know or hold, and writes quantities canonically. */
  complete(object: KubeObject): KubeObject;
  /** What is wrong with an object. */
  validate(object: KubeObject, before: KubeObject | undefined): readonly StatusCause[];
}

export const keyOf = ({ group, plural }: Pick<ResourceType, "group" | "plural">): string =>
  `${plural}.${group}`;

/** The cause of a missing field. */
export const required = (field: string, message = "Required value"): StatusCause => ({
  reason: "FieldValueRequired",
  message,
  field,
});

export const invalidValue = (field: string, value: unknown, why: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

/** The cause of a name that nothing has. */
export const missing = (field: string, name: unknown): StatusCause => ({
  reason: "FieldValueNotFound",
  message: `Not found: ${JSON.stringify(name)}`,
  field,
});
