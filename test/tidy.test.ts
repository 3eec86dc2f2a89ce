import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import * as rules from "./tidy/rules.ts";
import { readSources, root, sourceOf } from "./tidy/source.ts";

const sources = readSources(["operator", "webapp", "tools", "test"]);
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const commands = Object.values(scripts).join(" ");

/** What is started and not imported: the two programs, the scripts, the tests. */
const isEntry = ({ path, text }: { path: string; text: string }): boolean =>
  ["operator/main.ts", "webapp/main.ts"].includes(path) ||
  path.endsWith(".test.ts") ||
  commands.includes(path) ||
  text.includes("import.meta.main");

describe("the tree is tidy:", () => {
  test("imports follow the arrows api <- core <- controller <- main, runtime <- controller", () => {
    expect(rules.wrongArrows(sources)).toEqual([]);
  });

  test("the core is pure", () => {
    expect(rules.impurities(sources)).toEqual([]);
  });

  test("the Kubernetes client is known to one file", () => {
    expect(rules.strangers(sources)).toEqual([]);
  });

  test("only config.ts reads the environment", () => {
    expect(rules.environmentReaders(sources)).toEqual([]);
  });

  test("every file is reached from a program, a script or a test", () => {
    expect(rules.unreachable(sources, isEntry)).toEqual([]);
  });

  test("every export is imported somewhere", () => {
    expect(rules.unusedExports(sources)).toEqual([]);
  });

  test("files are at most 250 lines, functions at most 70, with at most 3 parameters", () => {
    expect(rules.tooLong(sources)).toEqual([]);
  });

  test("nothing is left over: notes to self, silenced checks, default exports, calls of the base's broken methods", () => {
    expect(rules.badTexts(sources)).toEqual([]);
  });
});

describe("the tidy test itself finds", () => {
  const one = (path: string, text: string) => sourceOf(path, text);

  test("an import against the arrows, also of a type", () => {
    const core = one("operator/core/plan.ts", 'import type { Log } from "../runtime/log.ts";');
    const app = one("webapp/app.ts", 'export * from "../operator/api/names.ts";');
    const later = one("operator/runtime/a.ts", 'export const a = () => import("../core/plan.ts");');
    expect(rules.wrongArrows([core, app, later])).toEqual([
      "operator/core/plan.ts imports operator/runtime/log.ts",
      "webapp/app.ts imports operator/api/names.ts",
      "operator/runtime/a.ts imports operator/core/plan.ts",
    ]);
  });

  test.each([
    ["Date.now()", "uses Date.now"],
    ["new Date()", "uses new Date()"],
    ["Math.random()", "uses Math.random"],
    ["performance.now()", "uses performance.now"],
    ["setTimeout(f, 1)", "uses setTimeout"],
    ["async () => 1", "operator/core/a.ts:1 is asynchronous"],
  ])("that %s is not pure", (text, found) => {
    expect(rules.impurities([one("operator/core/a.ts", `export const a = ${text};`)]).join()).toContain(
      found,
    );
  });

  test("a package in the core, but for SHA-256", () => {
    const text =
      'import { createHash } from "node:crypto"; import { readFileSync } from "node:fs"; import * as z from "zod";';
    expect(rules.impurities([one("operator/core/a.ts", text)])).toEqual([
      "operator/core/a.ts imports node:fs",
      "operator/core/a.ts imports zod",
    ]);
  });

  test("that a date made from a value is pure", () => {
    expect(
      rules.impurities([one("operator/core/a.ts", "export const a = (at: string) => new Date(at);")]),
    ).toEqual([]);
  });

  test("a second file that knows the Kubernetes client", () => {
    const text = 'import type { KubeConfig } from "@kubernetes/client-node";';
    expect(
      rules.strangers([one("operator/runtime/client.ts", text), one("operator/runtime/b.ts", text)]),
    ).toHaveLength(1);
  });

  test("a read of the environment outside config.ts", () => {
    const text = "export const a = process.env.A;";
    expect(rules.environmentReaders([one("webapp/config.ts", text), one("webapp/app.ts", text)])).toEqual([
      "webapp/app.ts reads process.env",
    ]);
  });

  test("a file that nothing leads to", () => {
    const main = one("operator/main.ts", 'import "./a.ts";');
    const files = [main, one("operator/a.ts", ""), one("operator/b.ts", 'import "./a.ts";')];
    expect(rules.unreachable(files, ({ path }) => path === "operator/main.ts")).toEqual(["operator/b.ts"]);
  });

  test("an export that nobody imports, and none that is passed on to somebody", () => {
    const a = one(
      "a/a.ts",
      "export const x = 1, y = 2; export type Z = typeof x; export function f(p: Z) { return p; } export type W = 1;",
    );
    const b = one("a/b.ts", 'export { x } from "./a.ts"; export type * from "./a.ts";');
    const c = one("a/c.ts", 'import { x, type Z } from "./b.ts";');
    expect(rules.unusedExports([a, b, c])).toEqual([
      "a/a.ts exports y",
      "a/a.ts exports f",
      "a/a.ts exports W",
    ]);
  });

  test("what is too long or takes too much", () => {
    const long = one("a.ts", `export const a = () => {\n${"f();\n".repeat(70)}};\n${"g();\n".repeat(200)}`);
    const wide = one(
      "b.ts",
      "export class B { constructor(a, b, c, d) {} m(a, b, c) {} n = (a, b, c, d) => a; }",
    );
    expect(rules.tooLong([long, wide])).toEqual([
      "a.ts has 272 lines, above 250",
      "a.ts:1 is a function of 72 lines, above 70",
      "b.ts:1 takes 4 parameters, above 3",
      "b.ts:1 takes 4 parameters, above 3",
    ]);
  });

  test("a call of a method that is broken in the base class", () => {
    const text = "class A extends B { async stop() { await super.stop(); } }\nexport default 1;";
    expect(rules.badTexts([one("operator/runtime/operator.ts", text)])).toEqual([
      "operator/runtime/operator.ts has a default export",
      "operator/runtime/operator.ts:1 has super.stop",
    ]);
  });
});
