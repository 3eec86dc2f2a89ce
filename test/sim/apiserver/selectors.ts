import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { fieldsOf, textOf } from "./json.ts";
import { badRequest } from "./refusal.ts";

export type Predicate = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;

/** Splits at commas that are not inside parentheses. */
const termsOf = (selector: string): readonly string[] =>
  selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");

function labelTerm(term: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    const isIn = (labels: Labels): boolean => values.has(labels[key] ?? "\0");
    return operator === "in" ? isIn : (labels) => !isIn(labels);
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  if (/^![^!=\s]+$/.test(term)) return (labels) => !(term.slice(1) in labels);
  if (/^[^!=\s]+$/.test(term)) return (labels) => term in labels;
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** What a labelSelector asks for: equality and set-based terms, all of which must hold. */
export function labelPredicate(selector: string): Predicate {
  const terms = termsOf(selector).map(labelTerm);
  return ({ metadata: { labels = {} } }) => terms.every((holds) => holds(labels));
}

/** What a LabelSelector with matchLabels alone selects. */
export function matchesLabels(selector: unknown, labels: Labels = {}): boolean {
  const wanted = Object.entries(fieldsOf(fieldsOf(selector)["matchLabels"]));
  return wanted.every(([key, value]) => labels[key] === value);
}

/** The value at a path such as `metadata.name` or `involvedObject.uid`. */
const valueAt = (object: KubeObject, path: string): string => {
  const found = path.split(".").reduce<unknown>((value, name) => fieldsOf(value)[name], object);
  return typeof found === "boolean" || typeof found === "number" ? String(found) : textOf(found);
};

/** What a fieldSelector asks for. */
export function fieldPredicate(selector: string): Predicate {
  const terms = termsOf(selector).map((term) => {
    const match = /^([^!=]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
    const [, path = "", operator, value] = match;
    return (object: KubeObject): boolean => (valueAt(object, path) === value) === (operator !== "!=");
  });
  return (object) => terms.every((holds) => holds(object));
}
