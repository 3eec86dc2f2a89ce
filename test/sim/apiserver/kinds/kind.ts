import type { StatusCause } from "../../../../operator/runtime/api-error.ts";
import type { KubeObject, ResourceType } from "../../../../operator/runtime/kubernetes.ts";
import type { Fields } from "../json.ts";

/** A kind that the server serves, and how the server treats its objects. */
export interface Kind extends ResourceType {
  /** Merge rules: an OpenAPI schema with x-kubernetes-* extensions. */
  readonly schema: Fields;
  /** The zero value of the kind's Go type. Its fields have no owner after a creation. */
  readonly empty: Fields;
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  /** An update of a custom object needs a resourceVersion, and its /status writes only the status. */
  readonly isCustom: boolean;
  /** True if a change starts a new generation; undefined if the kind has no generations. */
  readonly isNewGeneration?: ((before: KubeObject, after: KubeObject) => boolean) | undefined;
  /** Sets defaults, removes unknown and empty fields, and writes quantities in canonical form. */
  complete(object: KubeObject): KubeObject;
  /** The causes for which the server refuses an object as invalid. */
  validate(object: KubeObject, before: KubeObject | undefined): readonly StatusCause[];
}

export const keyOf = ({ group, plural }: Pick<ResourceType, "group" | "plural">): string =>
  `${plural}.${group}`;

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

export const forbiddenValue = (field: string, why: string): StatusCause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${why}`,
  field,
});
