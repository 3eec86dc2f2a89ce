/**
 * Bounds of what the spec passes on to Kubernetes without a schema of its own. The API server stores such values
 * without a look at them, so that only `validate` and the operator report a violation.
 */
import type * as z from "zod";
import { isQuantityField, maxQuantityLength } from "../quantity.ts";

const maxItems = 200;
const maxDepth = 64;
/** Longest text, in characters, as that of an argument or of a variable's value. */
const maxText = 32_768;
/** Longest name of a field: labels and annotations have up to 317 characters. */
const maxName = 512;

interface Excess {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A value, the field that contains it, and the field that contains the object of that field. */
interface Place {
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
  readonly field: string;
  readonly parent: string;
}

function excessOfText({
  value,
  path,
  field,
  parent,
}: Place & { readonly value: string }): Excess | undefined {
  if (isQuantityField(parent, field) && value.length > maxQuantityLength)
    return {
      path,
      message: `a quantity may not be more than ${maxQuantityLength} bytes: write it with fewer digits`,
    };
  if (value.length <= maxText) return undefined;
  return { path, message: `may not be more than ${maxText} bytes: shorten the text` };
}

function excessOfFields(place: Place & { readonly value: object }, depth: number): Excess | undefined {
  const { value, path, field } = place;
  const entries = Object.entries(value);
  if (entries.length > maxItems)
    return { path, message: `must have at most ${maxItems} items: remove items or move them to a ConfigMap` };
  if (entries.some(([name]) => name.length > maxName))
    return { path, message: `the name of a field may not be more than ${maxName} bytes: shorten the name` };
  for (const [name, inner] of entries) {
    const isItem = Array.isArray(value);
    const below: Place = {
      value: inner,
      path: [...path, isItem ? Number(name) : name],
      field: isItem ? field : name,
      parent: isItem ? "" : field,
    };
    const excess = excessOf(below, depth + 1);
    if (excess !== undefined) return excess;
  }
  return undefined;
}

/** The first violation in a value; undefined if there is none. */
function excessOf(place: Place, depth: number): Excess | undefined {
  const { value } = place;
  if (typeof value === "string") return excessOfText({ ...place, value });
  if (typeof value !== "object" || value === null) return undefined;
  // Without a path, which would have as many parts as levels.
  if (depth > maxDepth)
    return { path: [], message: `must have at most ${maxDepth} levels: move the fields up` };
  return excessOfFields({ ...place, value }, depth);
}

/** Adds the bounds to an object that is passed on. */
export const bounded = <S extends z.ZodType>(schema: S): S =>
  schema.superRefine((value, context) => {
    const excess = excessOf({ value, path: [], field: "", parent: "" }, 1);
    if (excess !== undefined)
      context.addIssue({ code: "custom", message: excess.message, path: [...excess.path] });
  });
