import { type Fields, equal, isFields } from "./json.ts";
import { Refusal, badRequest } from "./refusal.ts";

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

const failed = (message: string): Refusal => new Refusal({ code: 422, reason: "Invalid", message });

const stepsOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

function valueAt(document: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)] as unknown;
    return isFields(value) ? value[step] : undefined;
  }, document);
}

type Edit = (parent: unknown[] | Record<string, unknown>, step: string) => void;

/** A copy of the document with the parent of the path edited; only what lies on the path is copied. */
function edited(document: unknown, steps: readonly string[], edit: Edit): unknown {
  const [step = "", ...rest] = steps;
  if (!Array.isArray(document) && !isFields(document)) throw failed("the path does not exist");
  const copy: unknown[] | Record<string, unknown> = Array.isArray(document) ? [...document] : { ...document };
  if (rest.length === 0) {
    edit(copy, step);
    return copy;
  }
  const inner = edited(valueAt(document, [step]), rest, edit);
  if (Array.isArray(copy)) copy[Number(step)] = inner;
  else copy[step] = inner;
  return copy;
}

const add =
  (value: unknown): Edit =>
  (parent, step) => {
    if (!Array.isArray(parent)) parent[step] = value;
    else if (step === "-") parent.push(value);
    else parent.splice(Number(step), 0, value);
  };
const replace =
  (value: unknown): Edit =>
  (parent, step) => {
    if (Array.isArray(parent)) parent[Number(step)] = value;
    else parent[step] = value;
  };
const drop: Edit = (parent, step) => {
  if (Array.isArray(parent)) parent.splice(Number(step), 1);
  else delete parent[step];
};

function applyOperation(document: unknown, operation: Fields): unknown {
  const { op, path, value, from } = operation;
  if (typeof path !== "string" || typeof op !== "string") throw badRequest("invalid JSON patch");
  const steps = stepsOf(path);
  const current = valueAt(document, steps);
  const missing = (): Refusal =>
    failed(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
  switch (op) {
    case "test":
      if (!equal(current, value)) throw failed(`testing value ${path} failed: test failed`);
      return document;
    case "add":
      return edited(document, steps, add(value));
    case "replace":
      if (current === undefined) throw missing();
      return edited(document, steps, replace(value));
    case "remove":
      if (current === undefined) throw missing();
      return edited(document, steps, drop);
    case "copy":
    case "move": {
      const source = stepsOf(String(from));
      const moved = valueAt(document, source);
      const rest = op === "move" ? edited(document, source, drop) : document;
      return edited(rest, steps, add(moved));
    }
    default:
      throw badRequest(`Unexpected kind: ${op}`);
  }
}

/** RFC 6902. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  return patch.filter(isFields).reduce<unknown>(applyOperation, target);
}
