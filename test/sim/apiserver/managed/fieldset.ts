import type { Fields } from "../json.ts";
import { fieldsOf } from "../json.ts";

/**
 * A set of paths into an object, as a tree. Steps are written as in FieldsV1: `f:<field>`, `k:<key of a list item>`,
 * `v:<value in a set>`. `member`: the path up to here is itself in the set.
 */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const none: FieldSet = { member: false, children: new Map() };
export const leaf: FieldSet = { member: true, children: new Map() };

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

/** A node, without children that hold nothing. */
export const node = (member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet => ({
  member,
  children: new Map([...children].filter(([, child]) => !isEmpty(child))),
});

type Rule = (inA: boolean, inB: boolean) => boolean;

/** A set operation, told by whether a path that is in A, in B or in both is in the result. */
function operation(rule: Rule): (a: FieldSet, b: FieldSet) => FieldSet {
  const keepsA = rule(true, false);
  const keepsB = rule(false, true);
  const combine = (a: FieldSet, b: FieldSet): FieldSet => {
    if (b === none) return keepsA ? a : none;
    if (a === none) return keepsB ? b : none;
    const steps = new Set([...a.children.keys(), ...b.children.keys()]);
    const children = [...steps].map(
      (step) => [step, combine(a.children.get(step) ?? none, b.children.get(step) ?? none)] as const,
    );
    return node(rule(a.member, b.member), children);
  };
  return combine;
}

export const union = operation((a, b) => a || b);
export const difference = operation((a, b) => a && !b);
export const intersection = operation((a, b) => a && b);

/** What is neither in `fields` nor below a path in it. */
export const without = (set: FieldSet, fields: FieldSet): FieldSet =>
  fields.member
    ? none
    : node(
        set.member,
        [...set.children].map(([step, child]) => {
          const other = fields.children.get(step);
          return [step, other === undefined ? child : without(child, other)] as const;
        }),
      );

/** The same set with each struct on the way to a member as a member too, which it is not by itself. */
export const withParents = (set: FieldSet): FieldSet =>
  node(
    set.member,
    [...set.children].map(([step, child]) => {
      const { member, children } = withParents(child);
      return [step, { member: member || (children.size > 0 && step.startsWith("f:")), children }] as const;
    }),
  );

/** The set with these paths alone; each is a list of field names. */
export const ofFields = (...paths: readonly (readonly string[])[]): FieldSet =>
  paths
    .map((path) => path.reduceRight<FieldSet>((inner, field) => node(false, [[`f:${field}`, inner]]), leaf))
    .reduce(union, none);

/** Every path in the set, in the words of conflict messages: `.spec.containers[name="app"].image`. */
export function pathsOf(set: FieldSet, prefix = ""): readonly string[] {
  const own = set.member ? [prefix] : [];
  const steps = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...own, ...steps.flatMap(([step, child]) => pathsOf(child, `${prefix}${words(step)}`))];
}

function words(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  const key = fieldsOf(JSON.parse(rest));
  return `[${Object.entries(key)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

/** In the format FieldsV1, as managedFields holds it. */
export function toFieldsV1({ member, children }: FieldSet): Fields {
  const steps = [...children].sort(([a], [b]) => (a < b ? -1 : 1));
  const below = Object.fromEntries(steps.map(([step, child]) => [step, toFieldsV1(child)]));
  return member && children.size > 0 ? { ".": {}, ...below } : below;
}

const read = new WeakMap<object, FieldSet>();

/** From the format FieldsV1. */
export function fromFieldsV1(fields: unknown): FieldSet {
  const root = fieldsOf(fields);
  const known = read.get(root);
  if (known !== undefined) return known;
  const set = { ...fromNode(root), member: false };
  read.set(root, set);
  return set;
}

function fromNode(fields: Fields): FieldSet {
  const steps = Object.keys(fields);
  const children = steps.filter((step) => step !== ".");
  return node(
    children.length === 0 || steps.includes("."),
    children.map((step) => [step, fromNode(fieldsOf(fields[step]))]),
  );
}
