import * as fc from "fast-check";
import { type Fields, fieldsOf } from "../../sim/apiserver/json.ts";
import { manager, time, record } from "./values.ts";

/** Paths of real field sets. */
const realPaths = [
  "f:spec f:replicas",
  "f:spec f:selector",
  "f:spec f:strategy f:rollingUpdate f:maxSurge",
  'f:spec f:template f:spec f:containers k:{"name":"app"} f:image',
  'f:spec f:template f:spec f:containers k:{"name":"app"} f:env k:{"name":"A"} f:value',
  'f:spec f:template f:spec f:containers k:{"name":"app"} .',
  'f:spec f:template f:spec f:containers k:{"name":"spy"} f:image',
  "f:spec f:template f:spec f:nodeSelector f:constructor",
  "f:spec f:template f:spec f:hostNetwork",
  "f:spec f:template f:spec f:serviceAccountName",
  "f:spec f:template f:metadata f:annotations f:demoapp.dev/restarted-at",
  'f:spec f:ports k:{"port":80,"protocol":"TCP"} f:targetPort',
  "f:spec f:clusterIP",
  "f:metadata f:labels f:demoapp.dev/track",
  'f:metadata f:ownerReferences k:{"uid":"uid-web"}',
  "f:status f:replicas",
];

/** Keys of which no field set consists, or that name members of every object. */
const keys = [
  "k:{",
  "k:",
  "k:null",
  "k:5",
  "k:[]",
  'k:""',
  'k:{"name":{"a":1}}',
  'k:{"__proto__":1}',
  "k:{}",
  "v:",

  "v:{",
  'v:"x"',
  "v:null",
  "v:[1]",
  "f:",
  "f:__proto__",
  "f:constructor",
  "f:toString",
  "__proto__",
  "i:0",
  "",
  ".",
  "x",
  "f:spec",
  "f:template",
  "f:containers",
  "f:\u2028",
  "f:a/b~c",
  "constructor",
];

const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...realPaths).map((joined) => joined.split(" ")) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...realPaths), fc.nat(5), fc.constantFrom(...keys))
      .map(([joined, length, key]) => [...joined.split(" ").slice(0, length), key]),
  },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 4 }) },
);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 40, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 1, "x", [], [{}], true) },
);

function withPath(tree: unknown, [step, ...rest]: readonly string[], end: unknown): unknown {
  if (step === undefined) return end;
  const fields = fieldsOf(tree);
  const below = Object.hasOwn(fields, step) ? fields[step] : {};
  return { ...fields, [step]: withPath(below, rest, end) };
}

/** A FieldsV1 tree. */
const tree: fc.Arbitrary<unknown> = fc
  .array(fc.tuple(path, leaf), { maxLength: 4 })
  .map((paths) => paths.reduce<unknown>((all, [steps, end]) => withPath(all, steps, end), {}));

const entry: fc.Arbitrary<Fields> = record(
  {
    manager,
    operation: fc.constantFrom("Update", "Update", "Apply"),
    time,
    subresource: fc.constantFrom("status", "scale", ""),
    fieldsType: fc.constant("FieldsV1"),
    fieldsV1: tree,
  },
  { requiredKeys: ["manager", "operation"] },
);

export const managedFields: fc.Arbitrary<readonly Fields[]> = fc.array(entry, { maxLength: 3 });
