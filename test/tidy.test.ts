import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

// `npm run check` runs oxlint and knip on this repository. These tests show that each rule reports a violation.

const root = join(import.meta.dirname, "..");
const fill = (line: string, count: number): string => `${line}\n`.repeat(count);
const restrictedGlobals = ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"];

/** File contents of a small project, and the rules that oxlint must report for each file. */
const cases: readonly (readonly [path: string, text: string, rules: readonly string[]])[] = [
  ["operator/core/type.ts", 'import type { L } from "../runtime/log.ts"; export type A = L;', ["imports"]],
  ["operator/core/inside.ts", 'import { a } from "../api/names.ts"; import "./b/c.ts"; export { a };', []],
  ["operator/core/b/deep.ts", 'export { a } from "../../config.ts";', ["imports"]],
  ["operator/core/named.ts", 'export type A = import("../runtime/log.ts").Log;', ["imports"]],
  ["operator/api/up.ts", 'export * from "../core/plan.ts";', ["imports"]],
  ["operator/runtime/late.ts", 'export const a = () => import("../core/plan.ts");', ["imports"]],
  ["operator/controller/main.ts", 'export * from "../main.ts";', ["imports"]],
  ["operator/top.ts", 'export * from "../webapp/app.ts";', ["imports"]],
  ["webapp/other.ts", 'export * from "../operator/api/names.ts";', ["imports"]],
  ["operator/tested.ts", 'export * from "../test/sim/clock.ts";', ["imports"]],
  ["tools/tested.ts", 'export * from "../test/sim/clock.ts";', ["imports"]],
  ["test/tooled.ts", 'export * from "../tools/build.ts"; export * from "../operator/main.ts";', []],
  ["operator/core/package.ts", 'import * as z from "zod"; export { z };', ["imports"]],
  ["operator/core/files.ts", 'import { readFileSync } from "node:fs"; export { readFileSync };', ["imports"]],
  ["operator/core/hash.ts", 'import { createHash } from "node:crypto"; export { createHash };', []],
  [
    "operator/core/random.ts",
    'import { randomUUID } from "node:crypto"; export { randomUUID };',
    ["no-restricted-imports"],
  ],
  ["operator/core/now.ts", "export const a = Date.now();", ["no-restricted-properties"]],
  ["operator/core/chance.ts", "export const a = Math.random();", ["no-restricted-properties"]],
  ["operator/core/today.ts", "export const a = new Date();", ["clock"]],
  ["operator/core/date.ts", "export const a = (at: string) => new Date(at);", []],
  ["operator/core/async.ts", "export const a = async () => 1;", ["no-async-await"]],
  ...["process.pid", "performance.now()", "console.log", "crypto.randomUUID()", ...restrictedGlobals].map(
    (use) =>
      [
        `operator/core/${use.split(".")[0]}.ts`,
        `export const a = ${use};`,
        ["no-restricted-globals"],
      ] as const,
  ),
  ["operator/runtime/client.ts", 'export type { KubeConfig } from "@kubernetes/client-node";', []],
  ["operator/runtime/second.ts", 'export type { Watch } from "@kubernetes/client-node";', ["imports"]],
  ["test/client.ts", 'export type { Watch } from "@kubernetes/client-node";', ["imports"]],
  ["webapp/config.ts", "export const a = process.env.A;", []],
  ["webapp/env.ts", "export const a = process.env.A;", ["no-process-env"]],
  ["operator/env.ts", "export const a = process.env.A;", ["no-process-env"]],
  ["operator/process.ts", 'import { env } from "node:process"; export { env };', ["no-restricted-imports"]],
  ["operator/default.ts", "export default 1;", ["no-default-export"]],
  [
    "operator/runtime/base.ts",
    "export class A extends B { override stop() { super.stop(); super.start(); } }",
    ["base"],
  ],
  ["tools/file.ts", `export const a = 1;\n${fill("f();", 250)}`, ["max-lines"]],
  ["tools/function.ts", `export const a = () => {\n${fill("// f", 69)}};`, ["max-lines-per-function"]],
  ["tools/fits.ts", `export const a = () => {\n${fill("f();", 68)}};\n${fill("f();", 180)}`, []],
  ["test/long.test.ts", `export const a = () => {\n${fill("f();", 80)}};`, []],
  ["tools/parameters.ts", "export class B { m(a, b, c) {} n = (a, b, c, d) => a; }", ["max-params"]],
];

type File = readonly [path: string, text: string, ...others: unknown[]];

function writeTree(folder: string, files: readonly File[]): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Runs a tool of this repository in a folder. Returns its JSON report. */
function reportOf(folder: string, bin: string, format: string): unknown {
  const argv = [join(root, "node_modules", bin), format, "json"];
  return JSON.parse(spawnSync(process.execPath, argv, { cwd: folder, encoding: "utf8" }).stdout);
}

describe("the lint rules", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidy-"));
  const found = new Map<string, string[]>();
  const tested = new Set(cases.flatMap(([, , rules]) => rules));

  beforeAll(() => {
    for (const file of [".oxlintrc.json", "tools/lint"])
      cpSync(join(root, file), join(folder, file), { recursive: true });
    writeTree(folder, cases);
    const { diagnostics } = reportOf(folder, "oxlint/bin/oxlint", "--format") as {
      diagnostics: readonly { readonly filename: string; readonly code: string }[];
    };
    for (const { filename, code } of diagnostics) {
      const rule = /\((.+)\)$/.exec(code)?.[1] ?? code;
      if (tested.has(rule)) found.set(filename, [...(found.get(filename) ?? []), rule]);
    }
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(cases.map(([path, text, rules]) => ({ path, text: text.split("\n")[0], rules })))(
    "$path with `$text`: the rules reported are $rules",
    ({ path, rules }) => {
      expect(found.get(path) ?? []).toEqual(rules);
    },
  );
});

describe("knip", () => {
  const unused = {
    "package.json": ["left-pad"],
    "operator/a.ts": ["y", "f", "W"],
    "operator/c.ts": ["operator/c.ts"],
    "tools/check.ts": ["ofScript"],
  };

  test("an unused file, export or dependency: reported, unlike an export that is re-exported and used", () => {
    const folder = mkdtempSync(join(tmpdir(), "knip-"));
    try {
      cpSync(join(root, "knip.json"), join(folder, "knip.json"));
      writeTree(folder, [
        ["package.json", '{"name":"a","devDependencies":{"left-pad":"1.0.0"}}'],
        ["operator/main.ts", 'import { x, type Z } from "./b.ts"; console.log(x as Z);'],
        [
          "operator/a.ts",
          "export const x = 1, y = 2; export type Z = typeof x; export function f(p: Z) { return p; } export type W = 1;",
        ],
        ["operator/b.ts", 'export { x } from "./a.ts"; export type * from "./a.ts";'],
        ["operator/c.ts", 'export { x } from "./a.ts";'],
        ["tools/check.ts", "export const ofScript = 1;"],
      ]);
      const { issues } = reportOf(folder, "knip/bin/knip.js", "--reporter") as {
        issues: readonly Record<string, readonly { name: string }[] | string>[];
      };
      const names = issues.map(({ file, ...kinds }) => [
        file,
        Object.values(kinds).flatMap((found) =>
          typeof found === "string" ? [] : found.map(({ name }) => name),
        ),
      ]);
      expect(Object.fromEntries(names)).toEqual(unused);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

// A comment that disables oxlint for a file would also disable a lint rule against such comments.
describe("notes about unfinished work, and comments that disable checks", () => {
  const pattern = "TO[D]O|FIX[M]E|@ts-(ignore|expect-error|nocheck)|(ox|es)lint-[d]isable";

  test("in the source files: none", () => {
    const argv = ["grep", "--untracked", "-nE", pattern, "--", "operator", "webapp", "tools", "test"];
    const { status, stdout } = spawnSync("git", argv, { cwd: root, encoding: "utf8" });
    // git grep exits with 1 if no line matches.
    expect([status, stdout]).toEqual([1, ""]);
  });

  test.each([
    ["TO", "DO"],
    ["FIX", "ME"],
    ["@ts-", "ignore"],
    ["ox", "lint-disable"],
  ])("%s%s: the pattern matches", (...parts) => {
    expect(parts.join("")).toMatch(new RegExp(pattern));
  });
});
