import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { Screen } from "../../../tools/demo/screen.ts";
import { Shell } from "../../../tools/demo/shell.ts";
import { changeTag, createWorkingCopy } from "../../../tools/demo/operator/prepare.ts";

const author = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@b",
};

let folder: string;
let shell: Shell;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "demoapp-copy-"));
  shell = new Shell({ screen: new Screen({ write: () => true }), cwd: folder, env: author });
  await createWorkingCopy(shell, "registry:5000/webapp:1.0.0");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test("a new working copy: has the sample app with the given image, committed", async () => {
  const file = await readFile(join(folder, "demoapp.yaml"), "utf8");
  expect(file).toContain("image: registry:5000/webapp:1.0.0\n");
  expect(file).toContain("minReadySeconds: 15");
  await expect(shell.quietly("git status --porcelain")).resolves.toBe("");
});

test("a new working copy: makes the node pull images that were rebuilt under the same tag", async () => {
  const kustomization = parse(await readFile(join(folder, "kustomization.yaml"), "utf8")) as {
    resources: string[];
    patches: { patch: string }[];
  };
  expect(kustomization.resources).toContain("demoapp.yaml");
  expect(JSON.parse(kustomization.patches[0]?.patch ?? "")).toEqual([
    { op: "add", path: "/spec/pod", value: { imagePullPolicy: "Always" } },
  ]);
});

test("the tag is changed: one line differs", async () => {
  await changeTag(shell, "1.0.0", "1.1.0");
  await expect(shell.quietly("git diff --unified=0 | grep '^[-+] '")).resolves.toBe(
    "-  image: registry:5000/webapp:1.0.0\n+  image: registry:5000/webapp:1.1.0\n",
  );
});

test("the tag to change is not in the file: rejects", async () => {
  await expect(changeTag(shell, "9.9.9", "1.1.0")).rejects.toThrow(/grep.*exit 1/);
});
