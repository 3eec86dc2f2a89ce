import * as fc from "fast-check";
import type { Fields } from "../../sim/apiserver/json.ts";
import { at } from "../core/objects.ts";

// Values that a tenant can write. JSON from the API server has no lone surrogates: Go replaces them.

/** Pieces of texts: control characters, separators of lines, bidirectional marks, and words that the operator knows. */
const pieces = [
  ..."a|Z|0| |é|🙂|\u0000|\u0007|\u001b[31m|\u007f|\u0085|\u009b2J|\u2028|\u2029|\u061c|\u200f|\u202e|\u2066".split(
    "|",
  ),
  ..."\n|\r\n|\t|\nNext: kubectl delete namespace team|Next: |'|\"|`|<b>|&|$(A)|%s|{{.A}}|\\|/|:|=".split(
    "|",
  ),
  ..."__proto__|constructor|toString|null|was rejected|Service/web|code = NotFound|: not found|no such host".split(
    "|",
  ),
  ..."exceeded quota|violates PodSecurity|service account x not found|maximum cpu usage per Pod".split("|"),
  ...'admission webhook "x" denied the request|is being terminated|EROFS|read-only file system'.split("|"),
  ..."image will run as root: runAsNonRoot|app:1|app@sha256:0123456789ab|2026-01-01T00:00:00Z|7|-1|1e999".split(
    "|",
  ),
];
const piece = fc.constantFrom(...pieces);

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: piece },
  { weight: 8, arbitrary: fc.array(piece, { maxLength: 4 }).map((parts) => parts.join("")) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(2), piece, fc.constantFrom(130, 500, 1100, 4000))
      .map(
        ([offset, part, length]) => "x".repeat(offset) + part.repeat(Math.ceil(length / (part.length || 1))),
      ),
  },
);

/** Names of field managers: the API server allows 128 printable characters. */
export const manager: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("kubectl-edit", "demoapp-operator"),
  text.map((value) =>
    value
      .replaceAll(/[^\P{C}]|[\u2028\u2029]/gu, "")
      .slice(0, 128)
      .toWellFormed(),
  ),
);

/** Texts that are labels, keys and names. `constructor` and `toString` are members of every object. */
export const word: fc.Arbitrary<string> = fc.constantFrom(
  ..."a|web|app|http|constructor|toString|valueOf|hasownproperty|other|0|7|stable|candidate|x-1|A_b.c".split(
    "|",
  ),
  "",
  "n".repeat(63),
);
export const name: fc.Arbitrary<string> = word.map(
  (value) => value.toLowerCase().replaceAll(/[^a-z0-9]/g, "") || "b",
);

export const number: fc.Arbitrary<number> = fc.constantFrom(
  0,
  0,
  1,
  2,
  3,
  5,
  10,
  100,
  1000,
  2 ** 31 - 1,
  2 ** 53 - 1,
  -1,
  -(2 ** 31),
);

/** Times of Kubernetes' own kinds, which the API server parses. */
export const time: fc.Arbitrary<string> = fc.constantFrom(
  ...[-100_000, -1000, -700, -300, -20, -1, 0, 1, 700].map(at),
  "0001-01-01T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2025-12-31T23:59:59.123456Z",
);

/** Times of custom resources: of these the API server checks only the digits. */
export const looseTime: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: time },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "2026-01-01T00:00:00+99:99",
      "2025-02-31T00:00:00Z",
      "2025-12-31t23:59:59x5z",
      "0000-00-00T00:00:00Z",
    ),
  },
);

const scalar: fc.Arbitrary<unknown> = fc.oneof(text, number, fc.boolean(), fc.constant(null), word);
const key = fc.oneof(word, fc.constantFrom("__proto__", "name", "image", "labels", "containers", "", "\n"));

const collection = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 2, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(value, { maxLength: 2 }) },
    // `fromEntries` defines a key `__proto__` as JSON.parse does.
    {
      weight: 2,
      arbitrary: fc
        .array(fc.tuple(key, value), { maxLength: 2 })
        .map((pairs) => Object.fromEntries(pairs) as Fields),
    },
  );

/** Any JSON, with a few levels. */
export const json: fc.Arbitrary<unknown> = collection(collection(collection(scalar)));
/** Any JSON object. */
export const jsonObject: fc.Arbitrary<Fields> = fc
  .array(fc.tuple(key, json), { maxLength: 2 })
  .map((pairs) => Object.fromEntries(pairs));

/** A record whose prototype is that of JSON objects: plain access to it finds members such as `constructor`. */
export function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T>;
export function record<T, K extends keyof T>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  options: { readonly requiredKeys: K[] },
): fc.Arbitrary<Partial<T> & Pick<T, K>>;
export function record<T, K extends keyof T>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  options: { readonly requiredKeys?: K[] } = {},
): fc.Arbitrary<unknown> {
  return fc.record(fields, { ...options, noNullPrototype: true });
}

/** Any record that has some of the fields. */
export const some = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Fields> =>
  record(fields, { requiredKeys: [] });
