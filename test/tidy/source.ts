/** What the tidy test needs to know of a TypeScript file, read from its syntax tree. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "@swc/core";

export const root = join(import.meta.dirname, "../..");

/** `name` is what the other module calls it; `*` is all of it. */
type Import = { readonly from: string; readonly names: readonly string[]; readonly passesOn: boolean };

type FunctionShape = {
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
  readonly isAsync: boolean;
};

export type Source = {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** `from` is a path in the repository where it is one of its files, else the name of a package. */
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** Names of types that are declared here and used here too. */
  readonly ownTypes: readonly string[];
  readonly functions: readonly FunctionShape[];
  /** Such as `Date.now`, `process.env` or `new Date()`, where they are used. */
  readonly uses: readonly string[];
};

type Node = { readonly type: string; readonly [key: string]: unknown };
type Span = { readonly start: number; readonly end: number };

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** Every node of a tree, parents first. */
function* nodesOf(value: unknown): Generator<Node> {
  if (isNode(value)) yield value;
  if (typeof value !== "object" || value === null) return;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

const listOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : []);
const textOf = (value: unknown): string | undefined =>
  isNode(value) && typeof value["value"] === "string" ? value["value"] : undefined;

/** A relative import as a path of the repository; a package as its name. */
const resolved = (path: string, from: string): string =>
  from.startsWith(".") ? normalize(join(dirname(path), from)) : from;

/** Names that one specifier takes from the other module. */
function importedName(specifier: Node): string {
  if (/Namespace/.test(specifier.type)) return "*";
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  return textOf(specifier["imported"]) ?? textOf(specifier["orig"]) ?? textOf(specifier["local"]) ?? "*";
}

function importOf(node: Node, path: string): Import | undefined {
  const from = textOf(node["source"]);
  const passesOn = node.type.startsWith("Export");
  if (from !== undefined) {
    const names = node.type === "ExportAllDeclaration" ? ["*"] : listOf(node["specifiers"]).map(importedName);
    return { from: resolved(path, from), names, passesOn };
  }
  const callee = node["callee"];
  const [argument] = Array.isArray(node["arguments"]) ? (node["arguments"] as { expression: unknown }[]) : [];
  const isDynamic = node.type === "CallExpression" && isNode(callee) && callee.type === "Import";
  const target = textOf(isDynamic ? argument?.expression : node.type === "TsImportType" && node["argument"]);
  return target === undefined ? undefined : { from: resolved(path, target), names: ["*"], passesOn: false };
}

/** Names bound by a pattern: `a`, `{ a, b: [c] }`. */
const boundNames = (pattern: unknown): string[] =>
  [...nodesOf(pattern)].filter(({ type }) => type === "Identifier").flatMap((node) => textOf(node) ?? []);

function exportedNames(node: Node): string[] {
  if (node.type === "ExportDefaultDeclaration" || node.type === "ExportDefaultExpression") return ["default"];
  if (node.type === "ExportNamedDeclaration") {
    return listOf(node["specifiers"]).flatMap(
      (one) => textOf(one["exported"]) ?? textOf(one["orig"]) ?? textOf(one["name"]) ?? [],
    );
  }
  if (node.type !== "ExportDeclaration" || !isNode(node["declaration"])) return [];
  const { identifier, id, declarations } = node["declaration"];
  return [
    ...boundNames(identifier ?? id),
    ...listOf(declarations).flatMap((one) => boundNames(withoutType(one["id"]))),
  ];
}

/** A pattern without the type that is written behind it, whose names are no names of ours. */
const withoutType = (pattern: unknown): unknown =>
  isNode(pattern) ? { ...pattern, typeAnnotation: null } : pattern;

const functionTypes = new Set([
  "ArrowFunctionExpression",
  "FunctionExpression",
  "FunctionDeclaration",
  "Constructor",
]);
/** Methods keep the function in a node of its own, without a type. */
const functionOf = (node: Node): Record<string, unknown> | undefined => {
  if (functionTypes.has(node.type)) return node;
  if (node.type === "MethodProperty") return node;
  const inner = node["function"];
  return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : undefined;
};

function shapeOf(node: Node, lineAt: (offset: number) => number): FunctionShape | undefined {
  const shape = functionOf(node);
  if (shape === undefined) return undefined;
  const { start, end } = shape["span"] as Span;
  const line = lineAt(start);
  const parameters = Array.isArray(shape["params"]) ? shape["params"].length : 0;
  return { line, lines: lineAt(end) - line + 1, parameters, isAsync: shape["async"] === true };
}

function useOf(node: Node): string | undefined {
  if (node.type === "MemberExpression") {
    const [object, property] = [textOf(node["object"]), textOf(node["property"])];
    return object !== undefined && property !== undefined ? `${object}.${property}` : undefined;
  }
  if (
    node.type === "NewExpression" &&
    textOf(node["callee"]) === "Date" &&
    listOfAny(node["arguments"]) === 0
  )
    return "new Date()";
  if (node.type === "CallExpression") return textOf(node["callee"]);
  return node.type === "AwaitExpression" ? "await" : undefined;
}
const listOfAny = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const typeDeclarations = new Set(["TsTypeAliasDeclaration", "TsInterfaceDeclaration"]);
function ownTypesOf(nodes: readonly Node[]): string[] {
  const names = nodes.filter(({ type }) => type === "Identifier").map(textOf);
  return nodes
    .filter(({ type }) => typeDeclarations.has(type))
    .flatMap(({ id }) => textOf(id) ?? [])
    .filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
}

/** Reads a file's text. */
export function sourceOf(path: string, text: string): Source {
  const bytes = Buffer.from(text);
  // swc counts bytes, from 1.
  const lineAt = (offset: number): number =>
    bytes
      .subarray(0, offset - 1)
      .toString()
      .split("\n").length;
  const nodes = [...nodesOf(parseSync(text, { syntax: "typescript", target: "es2024" }))];
  const found = <T>(read: (node: Node) => T | undefined): T[] => nodes.flatMap((node) => read(node) ?? []);
  return {
    path,
    text,
    lines: text.trimEnd().split("\n").length,
    imports: found((node) => importOf(node, path)),
    exports: nodes.flatMap(exportedNames),
    ownTypes: ownTypesOf(nodes),
    functions: found((node) => shapeOf(node, lineAt)),
    uses: found(useOf),
  };
}

/** Every TypeScript file below the given folders. */
export const readSources = (folders: readonly string[]): readonly Source[] =>
  folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .toSorted()
        .map((name) => join(folder, name)),
    )
    .map((path) => sourceOf(path, readFileSync(join(root, path), "utf8")));
