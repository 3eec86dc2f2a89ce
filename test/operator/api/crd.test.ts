import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { customResourceDefinition, demoAppSchema, type Schema } from "../../../operator/api/crd.ts";
import { generated } from "../../../tools/generate.ts";
import { describe as parts, fieldsOf } from "../../../tools/reference.ts";

const schema = demoAppSchema();
const { spec = {}, status = {} } = schema.properties ?? {};
const specFields = fieldsOf(spec, "spec");
const fields = [...specFields, ...fieldsOf(status, "status")];

/** A schema node and all nodes below it, each with its path. */
function nodesOf(node: Schema, path: string): readonly (readonly [string, Schema])[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    nodesOf(child, `${path}.${name}`),
  );
  return [
    [path, node],
    ...children,
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

test.each(generated)("$path: it equals the output of npm run generate", ({ path, make }) => {
  const text = readFileSync(path, "utf8");
  expect(text).toBe(make(text));
});

describe("the schema of the CRD", () => {
  test("strings, lists and maps: all have a maximum size, or the CEL rules would exceed the cost budget", () => {
    expect(nodes.filter(isUnbounded).map(([path]) => path)).toEqual([]);
  });

  test("the schema: structural, without unions, closed objects and look-ahead", () => {
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

  test("every field: described in a sentence", () => {
    const undescribed = fields.filter(({ field }) => !/^[A-Za-z$][^]*\.$/.test(field.description ?? ""));
    expect(undescribed.map(({ path }) => path)).toEqual([]);
  });

  test("every field of the spec: the description names the default or says that the field is required", () => {
    expect(specFields.filter(({ field }) => parts(field).default === "").map(({ path }) => path)).toEqual([]);
  });

  test("every number of the spec except ports: the description names the unit", () => {
    const withoutUnit = specFields.filter(
      ({ path, field }) => field.type === "integer" && !/port$/i.test(path) && parts(field).unit === "",
    );
    expect(withoutUnit.map(({ path }) => path)).toEqual([]);
  });

  test("fields of the spec with a stored default: the description names this default", () => {
    const withDefault = specFields.filter(
      ({ field }) => field.default !== undefined && typeof field.default !== "object",
    );
    expect(withDefault.length).toBeGreaterThan(20);
    for (const { path, field } of withDefault)
      expect([path, parts(field).default]).toEqual([path, String(field.default)]);
  });

  test("fields with a rule across fields: no stored default, which could violate the rule", () => {
    for (const name of ["resources", "env", "pod"])
      expect(spec.properties?.[name]).not.toHaveProperty("default");
    const { rollingUpdate } = spec.properties?.["strategy"]?.properties ?? {};
    for (const [, node] of nodesOf(rollingUpdate ?? {}, "rollingUpdate"))
      expect(node).not.toHaveProperty("default");
  });
});

test("the columns of kubectl get: phase, readiness, step, weight, image and age; -o wide adds hash and message", () => {
  const columns = customResourceDefinition().spec.versions[0]?.additionalPrinterColumns ?? [];
  const wide = columns.filter(({ priority }) => priority === 1).map(({ name }) => name);
  const always = columns.filter(({ priority }) => priority !== 1).map(({ name }) => name);
  expect({ always, wide }).toEqual({
    always: ["Phase", "Ready", "Step", "Weight", "Image", "Age"],
    wide: ["Hash", "Message"],
  });
});
