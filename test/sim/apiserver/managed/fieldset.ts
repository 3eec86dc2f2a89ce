import { type Fields, fieldsOf } from "../json.ts";

/**
 * A set of paths into an object. A path is a list of steps as in FieldsV1, each after a separator: `f:<field>`,
 * `k:<key of a list item>` or `v:<value in a set>`.
 */
export type FieldSet = ReadonlySet<string>;

const separator = "\0";

export const none: FieldSet = new Set();

/** The path one step below another path; the root is the empty string. */
export const pathBelow = (path: string, step: string): string => `${path}${separator}${step}`;

const stepsOf = (path: string): readonly string[] => path.slice(1).split(separator);

/** The paths above a path, from the outermost on. */
const parentsOf = (path: string): readonly string[] => {
  const parents: string[] = [];
  for (let end = path.indexOf(separator, 1); end !== -1; end = path.indexOf(separator, end + 1))
    parents.push(path.slice(0, end));
  return parents;
};

/** The set of these paths, each a list of field names. */
export const ofFields = (...paths: readonly (readonly string[])[]): FieldSet =>
  new Set(paths.map((path) => path.reduce((parent, field) => pathBelow(parent, `f:${field}`), "")));

/** The paths that are neither in `roots` nor below a path in it. */
export const outside = (set: FieldSet, roots: FieldSet): FieldSet =>
  roots.size === 0
    ? set
    : new Set([...set].filter((path) => ![path, ...parentsOf(path)].some((one) => roots.has(one))));

const isField = (path: string): boolean => path.startsWith("f:", path.lastIndexOf(separator) + 1);

/** The set with the fields that contain its paths; list items are not added. */
export const withParents = (set: FieldSet): FieldSet =>
  set.union(new Set([...set].flatMap(parentsOf).filter(isField)));

function textOfStep(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  const key = Object.entries(fieldsOf(JSON.parse(rest)));
  return `[${key.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}

/** Every path of the set as conflict messages show it: `.spec.containers[name="app"].image`. */
export const textsOf = (set: FieldSet): readonly string[] =>
  [...set].sort().map((path) => stepsOf(path).map(textOfStep).join(""));

type Tree = Record<string, Fields>;

const written = new WeakMap<FieldSet, Fields>();
const read = new WeakMap<Fields, FieldSet>();

/** The set in the format of managedFields. A path with paths below it has the key "." to show that it is in the set. */
export function toFieldsV1(set: FieldSet): Fields {
  const known = written.get(set);
  if (known !== undefined) return known;
  const root: Tree = {};
  for (const path of set) {
    let node = root;
    let at = "";
    for (const step of stepsOf(path)) {
      if (set.has(at)) node["."] = {};
      at = pathBelow(at, step);
      node = (node[step] ??= {}) as Tree;
    }
  }
  written.set(set, root);
  return root;
}

/** Reads the format of managedFields. */
export function fromFieldsV1(fields: unknown): FieldSet {
  const root = fieldsOf(fields);
  const known = read.get(root);
  if (known !== undefined) return known;
  const set = new Set<string>();
  const visit = (node: Fields, path: string): void => {
    const { ".": self, ...children } = node;
    const steps = Object.entries(children);
    if (path !== "" && (self !== undefined || steps.length === 0)) set.add(path);
    for (const [step, child] of steps) visit(fieldsOf(child), pathBelow(path, step));
  };
  visit(root, "");
  read.set(root, set);
  written.set(set, root);
  return set;
}
