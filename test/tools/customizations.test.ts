import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { customizations } from "../../tools/customizations.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "customizations-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

interface ConfigMap {
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
}
const made = (): ConfigMap => parse(customizations(root)) as ConfigMap;

test("a health check: becomes the setting of its group and kind, unchanged", () => {
  const lua = '-- a "quoted" word: and more\nreturn { status = "Healthy" }\n';
  write("example.org/Thing/health.lua", lua);
  expect(made().metadata.name).toBe("argocd-cm");
  expect(made().data["resource.customizations.health.example.org_Thing"]).toBe(lua);
});

test("actions: become one setting with the discovery script and each action, named after its folder", () => {
  write("example.org/Thing/actions/discovery.lua", "return {}\n");
  write("example.org/Thing/actions/retry/action.lua", "obj.a = 1\nreturn obj\n");
  write("example.org/Thing/actions/abort/action.lua", "return obj\n");
  const { data } = made();
  expect(Object.keys(data)).not.toContain("resource.customizations.health.example.org_Thing");
  expect(parse(data["resource.customizations.actions.example.org_Thing"] ?? "")).toEqual({
    "discovery.lua": "return {}\n",
    definitions: [
      { name: "abort", "action.lua": "return obj\n" },
      { name: "retry", "action.lua": "obj.a = 1\nreturn obj\n" },
    ],
  });
});

test("test data: becomes no setting", () => {
  write("example.org/Thing/health.lua", "return {}\n");
  write("example.org/Thing/testdata/one.yaml", "kind: Thing\n");
  write("example.org/Thing/actions/testdata/one.yaml", "kind: Thing\n");
  expect(Object.keys(made().data)).toEqual([
    "application.resourceTrackingMethod",
    "resource.customizations.health.example.org_Thing",
  ]);
});

test("the generated ConfigMap: has the Lua scripts as readable blocks", () => {
  const folder = join(import.meta.dirname, "../../deploy/argocd");
  const text = readFileSync(join(folder, "install/argocd-cm.yaml"), "utf8");
  const lua = readFileSync(join(folder, "resource_customizations/demoapp.dev/DemoApp/health.lua"), "utf8");
  expect(text).toContain(lua.replaceAll(/^(?=.)/gm, "    "));
});
