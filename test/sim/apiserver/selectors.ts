import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { fieldsOf } from "./json.ts";
import { Refusal } from "./refusal.ts";

export type Predicate = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;

/** The terms of a selector, split at commas outside parentheses. */
const termsOf = (selector: string): readonly string[] =>
  selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");

/** One term: `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (…)` or `key notin (…)`. */
function labelTerm(term: string): (labels: Labels) => boolean {
  const match = /^(!?)([^!=\s]+)(?:\s*(==?|!=)\s*(\S*)|\s+(in|notin)\s*\(([^)]*)\))?$/.exec(term);
  if (match === null) throw new Refusal(400, `unable to parse requirement: ${term}`);
  const [, not, key = "", equality, value, set, list = ""] = match;
  const operator = equality ?? set;
  if (operator === undefined) return (labels) => key in labels === (not === "");
  const values = new Set(set === undefined ? [value] : list.split(",").map((one) => one.trim()));
  const isNegative = operator === "!=" || operator === "notin";
  return (labels) => values.has(labels[key]) !== isNegative;
}

/** True for labels that match the `matchLabels` of a LabelSelector. */
export function matchesLabels(selector: unknown, labels: Labels = {}): boolean {
  const required = Object.entries(fieldsOf(fieldsOf(selector)["matchLabels"]));
  return required.every(([key, value]) => labels[key] === value);
}

/** One term on a field path such as `involvedObject.uid`. */
function fieldTerm(term: string): Predicate {
  const match = /^([^!=]+)(==?|!=)(.*)$/.exec(term);
  if (match === null) throw new Refusal(400, `invalid selector: can't understand '${term}'`);
  const [, path = "", operator, value] = match;
  const valueAt = (object: KubeObject): unknown =>
    path.split(".").reduce<unknown>((inner, name) => fieldsOf(inner)[name], object) ?? "";
  return (object) => (String(valueAt(object)) === value) === (operator !== "!=");
}

/** Matches the objects that a request's labelSelector and fieldSelector select. */
export function predicateOf(query: URLSearchParams): Predicate {
  const byLabels = termsOf(query.get("labelSelector") ?? "").map(labelTerm);
  const byFields = termsOf(query.get("fieldSelector") ?? "").map(fieldTerm);
  return (object) =>
    byLabels.every((matches) => matches(object.metadata.labels ?? {})) &&
    byFields.every((matches) => matches(object));
}
