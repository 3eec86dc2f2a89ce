import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { Screen } from "../../../tools/demo/screen.ts";
import { Shell } from "../../../tools/demo/shell.ts";
import { WorkingCopy } from "../../../tools/demo/workingcopy.ts";

const author = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@b",
};

let folder: string;
let shell: Shell;
let copy: WorkingCopy;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "demoapp-copy-"));
  shell = new Shell({ screen: new Screen({ write: () => true }), cwd: folder, env: author });
  copy = new WorkingCopy(folder);
  await copy.create(shell, "registry:5000/webapp:1.0.0");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test("the sample app is committed with the given image, and nothing else of it is changed", async () => {
  const file = await readFile(join(folder, "demoapp.yaml"), "utf8");
  expect(file).toContain("image: registry:5000/webapp:1.0.0\n");
  expect(file).toContain("minReadySeconds: 15");
  await expect(shell.quietly("git status --porcelain")).resolves.toBe("");
});

test("the node is told to ask for images that were built anew under a known tag", async () => {
  const kustomization = parse(await readFile(join(folder, "kustomization.yaml"), "utf8")) as {
    resources: string[];
    patches: { patch: string }[];
  };
  expect(kustomization.resources).toContain("demoapp.yaml");
  expect(JSON.parse(kustomization.patches[0]?.patch ?? "")).toEqual([
    { op: "add", path: "/spec/pod", value: { imagePullPolicy: "Always" } },
  ]);
});

test("a new tag is one changed line", async () => {
  await copy.retag("1.0.0", "1.1.0");
  await expect(shell.quietly("git diff --unified=0 | grep '^[-+] '")).resolves.toBe(
    "-  image: registry:5000/webapp:1.0.0\n+  image: registry:5000/webapp:1.1.0\n",
  );
});

test("a tag that isn't there is an error, not a change that did not happen", async () => {
  await expect(copy.retag("9.9.9", "1.1.0")).rejects.toThrow(/has no webapp:9.9.9/);
});
