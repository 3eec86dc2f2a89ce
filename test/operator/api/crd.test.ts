import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { customResourceDefinition, demoAppSchema, type Schema } from "../../../operator/api/crd.ts";
import { generated } from "../../../tools/generate.ts";
import { describe as parts, fieldsOf } from "../../../tools/reference.ts";

const schema = demoAppSchema();
const { spec = {}, status = {} } = schema.properties ?? {};
const specFields = fieldsOf(spec, "spec");
const fields = [...specFields, ...fieldsOf(status, "status")];

/** A node and every node below it, each with where it is. */
function nodesOf(node: Schema, path: string): readonly (readonly [string, Schema])[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, one]) =>
    nodesOf(one, `${path}.${name}`),
  );
  return [
    [path, node],
    ...below,
    ...(node.items ? nodesOf(node.items, `${path}[]`) : []),
    ...(node.additionalProperties ? nodesOf(node.additionalProperties, `${path}{}`) : []),
  ];
}
const nodes = [...nodesOf(spec, "spec"), ...nodesOf(status, "status")];

const isUnbounded = ([, node]: readonly [string, Schema]): boolean =>
  (node.type === "string" && node.enum === undefined && node["maxLength"] === undefined) ||
  (node["x-kubernetes-int-or-string"] === true && node["maxLength"] === undefined) ||
  (node.type === "array" && node["maxItems"] === undefined) ||
  (node.additionalProperties !== undefined && node["maxProperties"] === undefined);

test.each(generated)("$path: is the text that npm run generate writes", ({ path, make }) => {
  const text = readFileSync(path, "utf8");
  expect(text).toBe(make(text));
});

describe("the schema", () => {
  test("bounds every string, list and map, or CEL's cost budget would refuse it", () => {
    expect(nodes.filter(isUnbounded).map(([path]) => path)).toEqual([]);
  });

  test("is structural: no unions, no closed objects, no look-ahead", () => {
    const text = JSON.stringify(schema);
    for (const word of [
      '"anyOf"',
      '"oneOf"',
      '"additionalProperties":false',
      '"$schema"',
      "(?=",
      "9007199254740991",
    ])
      expect(text).not.toContain(word);
  });

  test("describes every field in a sentence", () => {
    const silent = fields.filter(({ field }) => !/^[A-Za-z$][^]*\.$/.test(field.description ?? ""));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test("names the default of every field of the spec, or says that it is required", () => {
    expect(specFields.filter(({ field }) => parts(field).default === "").map(({ path }) => path)).toEqual([]);
  });

  test("names the unit of every number of the spec that is not a port", () => {
    const bare = specFields.filter(
      ({ path, field }) => field.type === "integer" && !/port$/i.test(path) && parts(field).unit === "",
    );
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  test("names the default that it has", () => {
    const stored = specFields.filter(
      ({ field }) => field.default !== undefined && typeof field.default !== "object",
    );
    expect(stored.length).toBeGreaterThan(20);
    for (const { path, field } of stored)
      expect([path, parts(field).default]).toEqual([path, String(field.default)]);
  });

  test("stores no default for what would fight a rule between fields", () => {
    for (const name of ["resources", "env", "pod"])
      expect(spec.properties?.[name]).not.toHaveProperty("default");
    const { rollingUpdate } = spec.properties?.["strategy"]?.properties ?? {};
    for (const [, node] of nodesOf(rollingUpdate ?? {}, "rollingUpdate"))
      expect(node).not.toHaveProperty("default");
  });
});

test("kubectl's columns say phase, readiness, step, weight and image, and more when asked", () => {
  const columns = customResourceDefinition().spec.versions[0]?.additionalPrinterColumns ?? [];
  const wide = columns.filter(({ priority }) => priority === 1).map(({ name }) => name);
  const always = columns.filter(({ priority }) => priority !== 1).map(({ name }) => name);
  expect({ always, wide }).toEqual({
    always: ["Phase", "Ready", "Step", "Weight", "Image", "Age"],
    wide: ["Hash", "Message"],
  });
});
