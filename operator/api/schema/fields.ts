/** Building blocks of the schema. Every string, list and map has a bound, as CEL's cost budget requires. */
import * as z from "zod";
import { bounded } from "./bounds.ts";
import { matches, quoted, withRules, type Rule } from "./rule.ts";

/** A string of at most `maxLength` characters. No rule reads a longer one. In a union, zod would hide this message. */
export const text = (maxLength: number) => z.string().max(maxLength, { abort: true });

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}([.]${label})*`;

/** The name of a Kubernetes object: a DNS subdomain. */
export const objectName = withRules(text(253), [
  matches(
    `^${subdomain}$`,
    "must be a Kubernetes name: lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
  ),
]);

/** The name of a container or volume in a pod: a DNS label. */
export const labelName = withRules(text(63), [
  matches(
    `^${label}$`,
    "must be a label: lower-case letters, digits and '-', starting and ending with a letter or digit",
  ),
]);

/**
 * An integer without bounds: the API server accepts 64 bits. JavaScript rounds integers beyond 53 bits, and zod's own
 * integers exclude those.
 */
export const int64 = z
  .number()
  .refine((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63, {
    error: "must be of type integer",
    abort: true,
  })
  .meta({ type: "integer" });

/** A TCP or UDP port number. */
export const portNumber = z.int().min(1).max(65_535);

/** An integer number of seconds, from 0 to one year. */
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

/** The keys of labels and annotations: a name of at most 63 characters after an optional domain. */
const key = `^(${subdomain}/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`;
const isKey = new RegExp(key);
const isLabel = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

type TextMap = Readonly<Record<string, string>>;

/** Restricts the keys of labels and annotations. */
export const keysRule: Rule<TextMap> = {
  cel: `self.all(k, k.matches(${quoted(key)}))`,
  message:
    "each key must be a name of at most 63 letters, digits, '-', '_' and '.', behind an optional domain and '/'",
  holds: (map) => Object.keys(map).every((name) => isKey.test(name)),
};

/** Restricts the values of labels. */
export const labelsRule: Rule<TextMap> = {
  cel: `self.all(k, self[k].matches(${quoted(isLabel.source)}))`,
  message: "each value must be letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
  holds: (map) => Object.values(map).every((value) => isLabel.test(value)),
};

/** A list whose entries have a unique key. Server-side apply merges entries by this key. */
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

/** An atomic list: one field manager owns the whole list. */
export const atomicList = <S extends z.ZodType>(item: S, maxItems: number) =>
  z.array(item).max(maxItems).meta({ "x-kubernetes-list-type": "atomic" });

/** An object of the pod API that the operator passes through. Kubernetes validates it at apply. */
export const passedOn = bounded(z.looseObject({}));

/**
 * Adds a default. Null counts as not given, as for the API server: a key without a value in YAML is null. zod and the
 * API server both refuse null for a field without a default.
 */
export const withDefault = <O, I>(schema: z.ZodType<O, I>, value: I) =>
  schema
    .nullable()
    .transform((given): O => given ?? schema.parse(value))
    .prefault(value);
