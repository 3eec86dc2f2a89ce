/** Checks of documents offline, in the API server's words where it has words of its own. */
import type * as z from "zod";
import { manifest, stored, type DemoApp, type DemoAppManifest } from "./schema.ts";

/** What is wrong with a document: where, as `spec.probes.liveness.path`, and a sentence with the fix. */
export type Problem = { readonly path: string; readonly message: string };

export type Checked<T> =
  { readonly ok: true; readonly app: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** A bound in the API server's words; zod names what it measured by `origin`. */
const least = {
  string: (n: string) => `should be at least ${n} chars long`,
  array: (n: string) => `should have at least ${n} items`,
};
const most = {
  string: (n: string) => `may not be more than ${n} bytes`,
  array: (n: string) => `must have at most ${n} items`,
};
const isMeasured = (origin: string): origin is keyof typeof least => origin in least;

/** The API server's words for what a structural schema refuses. */
const words: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "custom") return undefined;
  if (issue.input === undefined) return "Required value";
  // Every number of the API is whole; zod has two names for what it should have been.
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
  const { data, error } = schema.safeParse(document, { error: words });
  return error === undefined
    ? { ok: true, app: data }
    : { ok: false, problems: error.issues.flatMap(problemsOf) };
}

/** Checks a document as people write it; unknown fields are refused, as server-side apply does. */
export const validate = (document: unknown): Checked<DemoAppManifest> => check(manifest, document);

/** The document without the fields that the schema doesn't know. */
function withoutUnknown(document: unknown): unknown {
  const { error } = stored.safeParse(document);
  const unknown = error?.issues.filter((issue) => issue.code === "unrecognized_keys") ?? [];
  if (unknown.length === 0) return document;
  const copy: unknown = structuredClone(document);
  for (const { path, keys } of unknown) {
    const parent = path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), copy);
    for (const key of keys) Reflect.deleteProperty(Object(parent), key);
  }
  return copy;
}

/**
 * Reads an object as the API server stores it: defaults filled in, and fields of another version's schema left
 * out. Never throws: what an older schema allowed and this one doesn't comes back as problems.
 */
export function parseStored(object: unknown): Checked<DemoApp> {
  const first = check(stored, object);
  return first.ok ? first : check(stored, withoutUnknown(object));
}
