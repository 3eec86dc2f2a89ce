import * as fc from "fast-check";
import { type Fields, isFields } from "../../sim/apiserver/json.ts";
import { json, number, text, time, word, record } from "./values.ts";

/** What somebody does to one place of an object; `place` and `at` choose the place. */
export interface Edit {
  readonly object: number;
  readonly place: number;
  readonly does: "change" | "remove" | "add";
  readonly text: string;
  readonly word: string;
  readonly number: number;
  readonly time: string;
  readonly json: unknown;
}

export const edit: fc.Arbitrary<Edit> = record({
  object: fc.nat(40),
  place: fc.nat(400),
  does: fc.constantFrom("change", "change", "remove", "add"),
  text,
  word,
  number,
  time,
  json,
});

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path, places: Path[]): void {
  const entries = Array.isArray(value) ? value.entries() : isFields(value) ? Object.entries(value) : [];
  for (const [key, child] of entries) {
    const place = [...path, key];
    places.push(place);
    placesIn(child, place, places);
  }
}

/** A copy with another value at a path; undefined removes the place. */
function withValue(value: unknown, [key, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, i) => (i === key ? withValue(item, rest, change) : item));
    return items.filter((item) => item !== undefined);
  }
  const entries = Object.entries(value as Fields).map(([name, child]): [string, unknown] => [
    name,
    name === key ? withValue(child, rest, change) : child,
  ]);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
}

/** Applies an edit at a place of an object. Returns the object unchanged if it has no such place. */
function applyAt(object: Fields, edit: Edit, { isAllowed, change }: Editor): Fields {
  const places: Path[] = [];
  placesIn(object, [], places);
  const allowed = places.filter((place) => isAllowed(place.join(".")));
  const place = allowed[edit.place % Math.max(1, allowed.length)];
  if (place === undefined) return object;
  return withValue(object, place, (old) => change(old, edit, place.join("."))) as Fields;
}

interface Editor {
  readonly isAllowed: (path: string) => boolean;
  readonly change: (old: unknown, edit: Edit, path: string) => unknown;
}

/** What the API server requires of Deployments, Services, revisions, pods and autoscalers, or does not let users set. */
const fixed =
  /^(apiVersion|kind|metadata|spec|data)$|^metadata\.(name|namespace|uid|generation|resourceVersion|managedFields.*)$|^spec\.(selector|template|replicas)$|^spec\.template\.(metadata|spec)$|containers(\.\d+)?$|\.name$|\.image$|Reference.*\.(uid|kind|apiVersion)$|status\.(initC|c)ontainerStatuses|^spec\.scaleTargetRef$/;
const isLabel = /(^|\.)(labels|matchLabels|nodeSelector|selector)\.[^/]*(\/[^.]*)?$/;
const isMap = /(^|\.)(labels|annotations|matchLabels|nodeSelector)$/;

/** Keeps the type of a field, as the API server does for its own kinds. */
function typedChange(old: unknown, edit: Edit, path: string): unknown {
  if (edit.does === "remove") return undefined;
  if (edit.does === "add" && isFields(old)) {
    const value = path.endsWith("annotations") ? edit.text : edit.word;
    return isMap.test(path) ? { ...old, [edit.word || "b"]: value } : { ...old, hostNetwork: true };
  }
  if (typeof old === "number") return edit.number;
  if (typeof old === "boolean") return !old;
  if (Array.isArray(old)) return edit.does === "add" ? [...old, ...old] : [];
  if (typeof old !== "string") return isMap.test(path) ? {} : old;
  if (isLabel.test(path)) return edit.word;
  return /(Time|Timestamp)$|(started|finished)At$/.test(path) && !/annotations/.test(path)
    ? edit.time
    : edit.text;
}

const typed: Editor = { isAllowed: (path) => !fixed.test(path), change: typedChange };

/** Any JSON, as in the data of a ControllerRevision or in a document that nobody has validated. */
const untyped = (isAllowed: Editor["isAllowed"]): Editor => ({
  isAllowed,
  change: (old, edit) => {
    if (edit.does === "remove") return undefined;
    return edit.does === "add" && isFields(old)
      ? Object.fromEntries([...Object.entries(old), [edit.word || "__proto__", edit.json]])
      : edit.json;
  },
});
const data = untyped((path) => path.startsWith("data"));
const document = untyped((path) => /^(spec|status)\b/.test(path));

/** An object of Kubernetes after an edit that the API server accepts. */
export const editObject = (object: Fields, edit: Edit): Fields =>
  applyAt(object, edit, object["kind"] === "ControllerRevision" && edit.place % 2 === 0 ? data : typed);

/** A DemoApp after an edit of its stored JSON. */
export const editDocument = (object: Fields, edit: Edit): Fields => applyAt(object, edit, document);
