/** Validates documents offline, with the messages of the API server where it has its own. */
import type * as z from "zod";
import { manifest, stored, type DemoApp, type DemoAppManifest } from "./schema.ts";

/** One problem of a document: the path of the field, such as `spec.probes.liveness.path`, and a message with the fix. */
export type Problem = { readonly path: string; readonly message: string };

export type Checked<T> =
  { readonly ok: true; readonly app: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** The API server's messages for bounds, by zod's name of what has the bound (`origin`). */
const least = {
  string: (n: string) => `should be at least ${n} chars long`,
  array: (n: string) => `should have at least ${n} items`,
};
const most = {
  string: (n: string) => `may not be more than ${n} bytes`,
  array: (n: string) => `must have at most ${n} items`,
};
const isMeasured = (origin: string): origin is keyof typeof least => origin in least;

/** The API server's messages for violations of a structural schema. */
const messages: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "custom") return undefined;
  if (issue.input === undefined) return "Required value";
  // All numbers of the API are integers; zod calls their type `int` or `number`.
  if (issue.code === "invalid_type")
    return `must be of type ${issue.expected.replace(/^(int|number)$/, "integer")}`;
  if (issue.code === "invalid_union") return "must be an integer or a string";
  if (issue.code === "invalid_value")
    return `supported values: ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  if (issue.code === "too_small") {
    const minimum = String(issue.minimum);
    return isMeasured(issue.origin)
      ? least[issue.origin](minimum)
      : `should be greater than or equal to ${minimum}`;
  }
  if (issue.code === "too_big") {
    const maximum = String(issue.maximum);
    return isMeasured(issue.origin)
      ? most[issue.origin](maximum)
      : `should be less than or equal to ${maximum}`;
  }
  return undefined;
};

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  );

const problemsOf = (issue: z.core.$ZodIssue): readonly Problem[] =>
  issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => ({
        path: pathOf([...issue.path, key]),
        message: "field not declared in schema",
      }))
    : [{ path: pathOf(issue.path), message: issue.message }];

function check<T>(schema: z.ZodType<T>, document: unknown): Checked<T> {
  const { data, error } = schema.safeParse(document, { error: messages });
  return error === undefined
    ? { ok: true, app: data }
    : { ok: false, problems: error.issues.flatMap(problemsOf) };
}

/** Validates a manifest. Unknown fields are problems, as for server-side apply. */
export const validate = (document: unknown): Checked<DemoAppManifest> => check(manifest, document);

/** A copy of the document without unknown fields. It shares the objects that have none and contain none. */
function withoutUnknown(document: unknown): unknown {
  const { error } = stored.safeParse(document);
  const unknown = error?.issues.filter((issue) => issue.code === "unrecognized_keys") ?? [];
  const root = { document };
  const copies = new Set<unknown>([root]);
  for (const { path, keys } of unknown) {
    let parent: object = root;
    for (const key of ["document", ...path]) {
      const value: unknown = Reflect.get(parent, key);
      const copy: object = copies.has(value)
        ? Object(value)
        : Array.isArray(value)
          ? [...value]
          : { ...Object(value) };
      copies.add(copy);
      Reflect.set(parent, key, copy);
      parent = copy;
    }
    for (const key of keys) Reflect.deleteProperty(parent, key);
  }
  return root.document;
}

/**
 * Reads a stored object: adds defaults and drops fields of another schema version. Never throws: values that only an
 * older schema allowed are returned as problems.
 */
export function parseStored(object: unknown): Checked<DemoApp> {
  const first = check(stored, object);
  return first.ok ? first : check(stored, withoutUnknown(object));
}
