import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { fieldsOf, textOf } from "./json.ts";
import { Refusal } from "./refusal.ts";

export type Predicate = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;

/** The terms `key=value` of a selector. The clients use no other operators; the server refuses them. */
const termsOf = (selector: string | null): readonly (readonly [key: string, value: string])[] =>
  (selector ?? "")
    .split(",")
    .filter(Boolean)
    .map((term) => {
      const [, key, value] = /^([^=!\s]+)=([^=]*)$/.exec(term) ?? [];
      if (key === undefined || value === undefined)
        throw new Refusal(400, `unable to parse requirement: ${term}`);
      return [key, value];
    });

/** True for labels that match the `matchLabels` of a LabelSelector. */
export function matchesLabels(selector: unknown, labels: Labels = {}): boolean {
  const required = Object.entries(fieldsOf(fieldsOf(selector)["matchLabels"]));
  return required.every(([key, value]) => labels[key] === value);
}

/** The text at a field path such as `involvedObject.uid`. */
const textAt = (object: KubeObject, path: string): string =>
  textOf(path.split(".").reduce<unknown>((inner, name) => fieldsOf(inner)[name], object));

/** Matches the objects that a request's labelSelector and fieldSelector select. */
export function predicateOf(query: URLSearchParams): Predicate {
  const byLabels = termsOf(query.get("labelSelector"));
  const byFields = termsOf(query.get("fieldSelector"));
  return (object) =>
    byLabels.every(([key, value]) => object.metadata.labels?.[key] === value) &&
    byFields.every(([path, value]) => textAt(object, path) === value);
}
