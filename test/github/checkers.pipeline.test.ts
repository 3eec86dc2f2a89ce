import { beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderAll, validate } from "../../tools/manifests.ts";
import { check, ensureCheckers } from "../../tools/checkers/install.ts";
import { consoleProgress, silent } from "../../tools/cluster/progress.ts";
import { root } from "./workflow.ts";

const progress = silent;
const run = (...argv: readonly string[]): Promise<string> => check(argv, { cwd: root, progress });

/** Runs a checker on a workflow with one job, in a temporary repository. */
async function onWorkflow(argv: readonly string[], steps: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "workflow-"));
  try {
    mkdirSync(join(folder, ".github/workflows"), { recursive: true });
    execFileSync("git", ["init", "--quiet", folder]);
    const text = `name: x\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n${steps}`;
    writeFileSync(join(folder, ".github/workflows/x.yaml"), text);
    return await check(argv, { cwd: folder, progress });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const zizmor = ["zizmor", "--pedantic", "--offline", "--no-progress", "--quiet"];

beforeAll(() => ensureCheckers(consoleProgress()));

describe("the workflows", () => {
  test("actionlint with shellcheck: no finding", async () => {
    expect(await run("actionlint", "-color=false")).toBe("");
  });

  test("zizmor with the pedantic persona: no finding, and no comment that silences one", async () => {
    await run(...zizmor, ".");
    const files = execFileSync("git", ["ls-files", ".github/workflows"], { cwd: root, encoding: "utf8" });
    for (const file of files.split("\n").filter(Boolean))
      expect(readFileSync(join(root, file), "utf8")).not.toMatch(/zizmor: ignore|shellcheck disable/);
  });

  test("the configuration of zizmor: disables only the audit that contradicts actionlint", () => {
    const config = readFileSync(join(root, ".github/zizmor.yml"), "utf8");
    expect(config.match(/disable: true|ignore:/g)).toEqual(["disable: true"]);
    expect(config).toContain("self-repository:");
  });

  test("a bad step and an unpinned action: reported by actionlint, shellcheck and zizmor", async () => {
    await expect(onWorkflow(["actionlint"], "      - run: ls\n        shel: bash\n")).rejects.toThrow(
      'unexpected key "shel"',
    );
    await expect(onWorkflow(["actionlint"], "      - run: cat $FILE\n")).rejects.toThrow("SC2086");
    await expect(
      onWorkflow([...zizmor, "--min-severity=high", "."], "      - uses: actions/checkout@v4\n"),
    ).rejects.toThrow("unpinned-uses");
  });
});

test(".ci/run: no finding of shellcheck", async () => {
  expect(await run("shellcheck", ".ci/run")).toBe("");
});

describe("the Dockerfiles", () => {
  test("hadolint: no finding", async () => {
    const files = execFileSync("git", ["ls-files", "*Dockerfile*"], { cwd: root, encoding: "utf8" });
    const dockerfiles = files.split("\n").filter((file) => file !== "" && !file.endsWith(".ts"));
    expect(dockerfiles).toEqual(expect.arrayContaining(["Dockerfile.operator", "Dockerfile.webapp"]));
    expect(await run("hadolint", "--no-color", ...dockerfiles)).toBe("");
  });

  test("an image without a version: reported by hadolint", async () => {
    await expect(check(["hadolint", "-"], { progress, input: "FROM debian\n" })).rejects.toThrow(
      "reports problems",
    );
  });
});

describe("the manifests", () => {
  test("every kustomization: its objects match the schemas of Kubernetes, DemoApp and Argo CD", async () => {
    const manifests = await renderAll();
    const paths = manifests.map(({ path }) => path);
    for (const path of ["deploy/operator", "deploy/webapp/overlays/prod", "deploy/argocd/apps"])
      expect(paths).toContain(path);
    const checked = await validate(manifests);
    expect(checked.filter(({ resources }) => !(resources > 0))).toEqual([]);
  });

  test.each([
    ["a DemoApp without an image", { spec: { replicas: 2 } }, "image"],
    ["an unknown field of a DemoApp", { spec: { image: "a:1", replica: 2 } }, "replica"],
    ["a value of the wrong type", { spec: { image: "a:1", replicas: "two" } }, "replicas"],
  ])("%s: reported", async (_, body, word) => {
    const app = { apiVersion: "demoapp.dev/v1", kind: "DemoApp", metadata: { name: "a" }, ...body };
    const sentence = new RegExp(`bad: kubeconform reports problems:.*DemoApp a is invalid.*${word}`, "s");
    await expect(validate([{ path: "bad", text: JSON.stringify(app) }])).rejects.toThrow(sentence);
  });

  test.each([
    ["a misspelt field", { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { port: [] } }],
    ["an unknown kind", { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "a" } }],
    [
      "an Application without a project",
      { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata: { name: "a" }, spec: {} },
    ],
  ])("%s: reported", async (_, object) => {
    await expect(validate([{ path: "bad", text: JSON.stringify(object) }])).rejects.toThrow(
      "bad: kubeconform reports problems",
    );
  });
});
