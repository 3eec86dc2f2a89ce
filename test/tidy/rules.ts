/** What the tidy test refuses. Each rule gives the places where it is broken, as lines to read. */
import type { Source } from "./source.ts";

const maxFileLines = 250;
const maxFunctionLines = 70;
const maxParameters = 3;

const isBelow =
  (folder: string) =>
  (path: string): boolean =>
    path.startsWith(`${folder}/`);
const isOurs = (from: string): boolean => from.includes("/") && /^(operator|webapp|tools|test)\//.test(from);
const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** Who may import from where; the first line that fits a file counts. `operator` alone is its top: main and config. */
const layers: readonly { readonly of: string; readonly from: readonly string[] }[] = [
  { of: "operator/api", from: ["operator/api"] },
  { of: "operator/core", from: ["operator/api", "operator/core"] },
  { of: "operator/runtime", from: ["operator/runtime"] },
  {
    of: "operator/controller",
    from: ["operator/api", "operator/core", "operator/runtime", "operator/controller"],
  },
  { of: "operator", from: ["operator"] },
  { of: "webapp", from: ["webapp"] },
  { of: "tools", from: ["operator", "webapp", "tools"] },
];

/** Imports against the arrows `api <- core <- controller <- main`, `runtime <- controller`. */
export const wrongArrows = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ path, imports }) => {
    const layer = layers.find(({ of }) => isBelow(of)(path));
    if (layer === undefined) return [];
    return imports
      .filter(({ from }) => isOurs(from) && !layer.from.some((folder) => isBelow(folder)(from)))
      .map(({ from }) => `${path} imports ${from}`);
  });

const impure =
  /^(Date\.now|new Date\(\)|Math\.random|await|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|randomUUID|(process|performance|console|crypto)\..*)$/;
/** SHA-256 is a pure function, and Node has the only one there is. */
const pureImports: Readonly<Record<string, readonly string[]>> = { "node:crypto": ["createHash"] };

/** Where the core does more than decide: I/O, a clock, randomness, a package, something asynchronous. */
export const impurities = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ path }) => isBelow("operator/core")(path))
    .flatMap(({ path, imports, functions, uses }) => [
      ...imports
        .filter(
          ({ from, names }) => !isOurs(from) && !names.every((name) => pureImports[from]?.includes(name)),
        )
        .map(({ from }) => `${path} imports ${from}`),
      ...uses.filter((use) => impure.test(use)).map((use) => `${path} uses ${use}`),
      ...functions.filter(({ isAsync }) => isAsync).map(({ line }) => `${path}:${line} is asynchronous`),
    ]);

const client = { package: "@kubernetes/client-node", keeper: "operator/runtime/client.ts" };

/** Files that know the Kubernetes client beside the one that may; importing a type counts. */
export const strangers = (sources: readonly Source[]): string[] =>
  sources
    .filter(
      ({ path, imports }) => path !== client.keeper && imports.some(({ from }) => from === client.package),
    )
    .map(({ path }) => `${path} imports ${client.package}, which only ${client.keeper} may`);

/** Reads of the environment outside the two files that turn it into a checked config. */
export const environmentReaders = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ path }) => /^(operator|webapp)\//.test(path) && !path.endsWith("/config.ts"))
    .filter(
      ({ uses, imports }) =>
        uses.includes("process.env") || imports.some(({ from }) => from === "node:process"),
    )
    .map(({ path }) => `${path} reads process.env`);

/** Files that no entry point leads to. */
export function unreachable(sources: readonly Source[], isEntry: (source: Source) => boolean): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    for (const { from } of source.imports) visit(from);
  };
  for (const source of sources) if (isEntry(source)) visit(source.path);
  return sources.map(({ path }) => path).filter((path) => !seen.has(path));
}

/**
 * Exports that no other file imports. What is passed on with `export … from` counts where it is imported. A type
 * that its own file uses is not looked at: it names a part of what the file does export.
 */
export function unusedExports(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const used = new Set<string>();
  const use = (path: string, name: string): void => {
    if (used.has(`${path} ${name}`)) return;
    used.add(`${path} ${name}`);
    for (const { from, names, passesOn } of byPath.get(path)?.imports ?? []) {
      if (passesOn && (names.includes("*") || names.includes(name))) use(from, name);
    }
  };
  for (const { imports } of sources) {
    for (const { from, names, passesOn } of imports) if (!passesOn) for (const name of names) use(from, name);
  }
  return sources.flatMap(({ path, exports, ownTypes }) =>
    used.has(`${path} *`)
      ? []
      : exports
          .filter((name) => !ownTypes.includes(name) && !used.has(`${path} ${name}`))
          .map((name) => `${path} exports ${name}`),
  );
}

export const tooLong = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ path, lines, functions }) => [
    ...(lines > maxFileLines ? [`${path} has ${lines} lines, above ${maxFileLines}`] : []),
    ...functions
      .filter((one) => one.lines > maxFunctionLines && !isTest(path))
      .map((one) => `${path}:${one.line} is a function of ${one.lines} lines, above ${maxFunctionLines}`),
    ...functions
      .filter(({ parameters }) => parameters > maxParameters)
      .map((one) => `${path}:${one.line} takes ${one.parameters} parameters, above ${maxParameters}`),
  ]);

const brokenMethods = [
  "watchResource",
  "setResourceFinalizers",
  "patchResourceStatus",
  "setResourceStatus",
  "getCustomResourceApiUri",
  "registerCustomResourceDefinition",
  "stop",
];
const superCall = new RegExp(`super\\.(${brokenMethods.join("|")})\\b`);
/** Written with brackets, so that this file does not break the rule itself. */
const leftovers = /TO[D]O|FIX[M]E|@ts-(ignore|expect-error|nocheck)|(ox|es)lint-[d]isable/;

/** Texts that have no place in the tree. */
export const badTexts = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ path, text, exports }) => [
    ...(exports.includes("default") ? [`${path} has a default export`] : []),
    ...text.split("\n").flatMap((line, at) => {
      const found = leftovers.exec(line) ?? (isBelow("operator")(path) ? superCall.exec(line) : null);
      return found === null ? [] : [`${path}:${at + 1} has ${found[0]}`];
    }),
  ]);
