/** Generates the reference in docs/demoapp.md: one row for each field of the schema. */
import { demoAppSchema, type Schema } from "../operator/api/crd.ts";

const begin = "<!-- reference: made from the schema by `npm run generate`, do not edit below -->";
const end = "<!-- end of the reference -->";

/** The parts of a description. Every description in the schema has this form. */
export type Description = { readonly text: string; readonly default: string; readonly unit: string };

const form =
  /^(?<text>.*?)(?: (?:Default: (?<default>.*?)|(?<required>Required))\.)?(?: Unit: (?<unit>.*)\.)?$/;

/** Parses a description: `Text. Default: 2. Unit: pods.` or `Text. Required.` */
export function describe(field: Schema): Description {
  const groups = form.exec(field.description ?? "")?.groups ?? {};
  const fallback = groups["required"] === undefined ? "" : "required";
  return { text: groups["text"] ?? "", default: groups["default"] ?? fallback, unit: groups["unit"] ?? "" };
}

/** The type of a field, for readers. */
function typeOf(field: Schema): string {
  if (field["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (field.enum) return field.enum.join(" \\| ");
  if (field.items) return `list of ${typeOf(field.items)}`;
  if (field.additionalProperties) return `map of ${typeOf(field.additionalProperties)}`;
  if (field.type === "object" && field["x-kubernetes-preserve-unknown-fields"] === true)
    return "object, as in Kubernetes";
  return field["format"] === "date-time" ? "time" : String(field.type);
}

/** A field and its path, such as `spec.env[].name`. */
export type Field = { readonly path: string; readonly field: Schema };

/** Every field of a schema, parents before children. */
export function fieldsOf(schema: Schema, path: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = `${path}.${name}`;
    const below = field.items ? fieldsOf(field.items, `${own}[]`) : fieldsOf(field, own);
    return [{ path: own, field }, ...below];
  });
}

const rowOf = ({ path, field }: Field): string => {
  const { text, default: preset, unit } = describe(field);
  return `| \`${path}\` | ${typeOf(field)} | ${preset} | ${unit} | ${text} |`;
};
const statusRowOf = ({ path, field }: Field): string => {
  const { text, unit } = describe(field);
  return `| \`${path}\` | ${typeOf(field)} | ${unit} | ${text} |`;
};

/** The lines of a page between two markers. */
interface Part {
  readonly begin: string;
  readonly end: string;
  readonly lines: readonly string[];
}

/** The page with a new part. Without markers, the part is appended. */
export function withPart(page: string, { begin, end, lines }: Part): string {
  const [before = ""] = page.split(begin);
  const [, after = "\n"] = page.split(end);
  const ignored = ["<!-- prettier-ignore-start -->", "", ...lines, "", "<!-- prettier-ignore-end -->"];
  return `${before}${[begin, ...ignored, end].join("\n")}${after}`;
}

/** The page with a new reference. */
export function reference(page: string): string {
  const { spec = {}, status = {} } = demoAppSchema().properties ?? {};
  const lines = [
    "### Fields of `spec`",
    "",
    "| Field | Type | Default | Unit | What it does |",
    "| --- | --- | --- | --- | --- |",
    ...fieldsOf(spec, "spec").map(rowOf),
    "",
    "### Fields of `status`",
    "",
    "| Field | Type | Unit | What it says |",
    "| --- | --- | --- | --- |",
    ...fieldsOf(status, "status").map(statusRowOf),
  ];
  return withPart(page, { begin, end, lines });
}
