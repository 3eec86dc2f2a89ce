/** Small building blocks of the schema. Strings, lists and maps are all bounded: CEL's cost budget needs it. */
import * as z from "zod";
import { matches, quoted, withRules, type Rule } from "./rule.ts";

/** Text of at most `maxLength` characters. */
export const text = (maxLength: number) => z.string().max(maxLength);

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}([.]${label})*`;

/** A name that Kubernetes allows for an object: a DNS subdomain. */
export const objectName = withRules(text(253), [
  matches(
    `^${subdomain}$`,
    "must be a Kubernetes name: lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
  ),
]);

/** A name inside a pod (container, volume): a DNS label. */
export const labelName = withRules(text(63), [
  matches(
    `^${label}$`,
    "must be a label: lower-case letters, digits and '-', starting and ending with a letter or digit",
  ),
]);

/** A TCP or UDP port. */
export const portNumber = z.int().min(1).max(65_535);

/** A whole number of seconds, at least 0 and at most a year. */
export const seconds = z.int().min(0).max(31_536_000);

/** A map of at most `maxProperties` entries. */
export const mapOf = <S extends z.ZodType>(value: S, maxProperties: number) =>
  z
    .record(z.string(), value)
    .superRefine((map, context) => {
      if (Object.keys(map).length > maxProperties) {
        context.addIssue({ code: "custom", message: `must have at most ${maxProperties} items` });
      }
    })
    .meta({ maxProperties });

/** Keys as those of labels and annotations have to be: a name of 63 characters, behind an optional domain. */
const key = `^(${subdomain}/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`;
const isKey = new RegExp(key);
const isLabel = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

type TextMap = Readonly<Record<string, string>>;

/** The keys of annotations and labels. */
export const keysRule: Rule<TextMap> = {
  cel: `self.all(k, k.matches(${quoted(key)}))`,
  message:
    "each key must be a name of at most 63 letters, digits, '-', '_' and '.', behind an optional domain and '/'",
  holds: (map) => Object.keys(map).every((name) => isKey.test(name)),
};

/** The values of labels. */
export const labelsRule: Rule<TextMap> = {
  cel: `self.all(k, self[k].matches(${quoted(isLabel.source)}))`,
  message: "each value must be letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
  holds: (map) => Object.values(map).every((value) => isLabel.test(value)),
};

/** A list whose entries are told apart by a key: merged by it under server-side apply, and unique in it. */
export const listByKey = <S extends z.ZodObject>(
  item: S,
  key: string & keyof z.output<S>,
  maxItems: number,
) =>
  z
    .array(item)
    .max(maxItems)
    .superRefine((entries, context) => {
      const seen = new Set<unknown>();
      for (const entry of entries) {
        const value: unknown = entry[key];
        if (seen.has(value)) {
          context.addIssue({
            code: "custom",
            message: `duplicate entries for key [${key}=${JSON.stringify(value)}]`,
          });
        }
        seen.add(value);
      }
    })
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });

/** A list that one manager owns as a whole. */
export const atomicList = <S extends z.ZodType>(item: S, maxItems: number) =>
  z.array(item).max(maxItems).meta({ "x-kubernetes-list-type": "atomic" });

/** A part of the pod's API that is passed on as it is: Kubernetes itself checks it when it is applied. */
export const passedOn = z.looseObject({});

/**
 * Fills a field in. Null counts as not given, as with the API server: a key that is left empty in YAML is null.
 * (For a field without a default both refuse null.)
 */
export const withDefault = <O, I>(schema: z.ZodType<O, I>, value: I) =>
  schema
    .nullable()
    .transform((given): O => given ?? schema.parse(value))
    .prefault(value);
