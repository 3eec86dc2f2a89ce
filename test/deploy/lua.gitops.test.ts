import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { phases } from "../../operator/api/schema/status.ts";
import { type Outcome, runLua } from "./customizations.ts";

const root = join(import.meta.dirname, "../../deploy/argocd/resource_customizations");
const argocdCm = join(import.meta.dirname, "../../deploy/argocd/install/argocd-cm.yaml");

interface Cases {
  readonly tests?: readonly { readonly inputPath: string }[];
  readonly discoveryTests?: readonly { readonly inputPath: string }[];
  readonly actionTests?: readonly { readonly action: string; readonly inputPath: string }[];
}

/** The names that the program gives to the cases of a file. */
function casesOf(file: string): readonly string[] {
  const {
    tests = [],
    discoveryTests = [],
    actionTests = [],
  } = parse(readFileSync(join(root, file), "utf8")) as Cases;
  const names = [
    ...tests.map(({ inputPath }) => `health of ${inputPath}`),
    ...discoveryTests.map(({ inputPath }) => `actions of ${inputPath}`),
    ...actionTests.map(({ action, inputPath }) => `${action} on ${inputPath}`),
  ];
  return names.map((name) => `${dirname(file)}: ${name}`);
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" });
const cases = files
  .filter((file) => ["health_test.yaml", "action_test.yaml"].includes(basename(file)))
  .flatMap(casesOf);

let outcomes: readonly Outcome[] = [];
const folder = mkdtempSync(join(tmpdir(), "demoapp-lua-"));
const buildMs = 20 * 60_000;
beforeAll(async () => {
  outcomes = await runLua();
}, buildMs);
afterAll(() => rmSync(folder, { recursive: true }));

/** The outcomes with a changed argocd-cm. */
async function outcomesWith(original: string, replacement: string): Promise<readonly Outcome[]> {
  const text = readFileSync(argocdCm, "utf8");
  expect(text).toContain(original);
  const changed = join(folder, "argocd-cm.yaml");
  writeFileSync(changed, text.replace(original, replacement));
  return runLua(changed);
}
const failed = (all: readonly Outcome[]): readonly string[] =>
  all.filter(({ problem }) => problem !== "").map(({ name, problem }) => `${name}: ${problem}`);

test.each(cases.map((name) => ({ name })))(
  "Argo CD's Lua sandbox, $name: the result is as expected",
  ({ name }) => {
    expect(outcomes.find((outcome) => outcome.name === name)).toEqual({ name, problem: "" });
  },
);

test("runLua: runs every case of the test files, and no other case", () => {
  expect(outcomes.map(({ name }) => name).toSorted()).toEqual(cases.toSorted());
});

test("every phase has a health check case", () => {
  const samples = files
    .filter((file) => file.startsWith("demoapp.dev/DemoApp/testdata/"))
    .map((file) => parse(readFileSync(join(root, file), "utf8")) as { status?: { phase?: string } });
  expect(phases.filter((phase) => !samples.some(({ status }) => status?.phase === phase))).toEqual([]);
});

test("an action changes more than annotations: its cases fail", async () => {
  const outcomes = await outcomesWith(
    'obj.metadata.annotations["demoapp.dev/paused"] = "true"',
    'obj.metadata.annotations["demoapp.dev/paused"] = "true"; obj.spec.suspend = true',
  );
  expect(failed(outcomes)).toEqual([
    "demoapp.dev/DemoApp/actions: pause on ../testdata/healthy.yaml: changes /spec/suspend and not only annotations",
    "demoapp.dev/DemoApp/actions: pause on ../testdata/healthy_with_annotations.yaml: changes /spec/suspend and not only annotations",
  ]);
});

test("an action removes other annotations: its cases fail", async () => {
  const outcomes = await outcomesWith(
    'obj.metadata.annotations["demoapp.dev/paused"] = "true"',
    'obj.metadata.annotations = { ["demoapp.dev/paused"] = "true" }',
  );
  expect(failed(outcomes).join("\n")).toContain(
    "changes /metadata/annotations/argocd.argoproj.io/tracking-id and not only annotations",
  );
});

test("a health check uses the status of an older generation: its cases fail", async () => {
  const outcomes = await outcomesWith("status.observedGeneration ~= obj.metadata.generation", "false");
  expect(failed(outcomes).map((line) => line.split(": ")[1])).toEqual([
    "health of testdata/stale_healthy.yaml",
    "health of testdata/stale_rejected.yaml",
    "health of testdata/no_observed_generation.yaml",
  ]);
});
