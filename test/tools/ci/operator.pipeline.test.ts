import { expect, test } from "@jest/globals";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operatorFile, withOperator } from "../../../tools/ci/operator.ts";
import { check } from "../../../tools/checkers/install.ts";
import { silent } from "../../../tools/cluster/progress.ts";

const root = join(import.meta.dirname, "../../..");

test("a released operator: the rendered Deployment has its tag and digest", async () => {
  const top = mkdtempSync(join(tmpdir(), "operator-"));
  try {
    for (const folder of ["deploy", "crds"])
      cpSync(join(root, folder), join(top, folder), { recursive: true });
    const file = join(top, operatorFile);
    const [, name = ""] = /newName: (.+)/.exec(readFileSync(file, "utf8")) ?? [];
    const image = `${name}:0.2.0@sha256:${"a1".repeat(32)}`;
    writeFileSync(file, withOperator(readFileSync(file, "utf8"), image));
    const rendered = await check(["kustomize", "build", join(top, "deploy/operator")], { progress: silent });
    expect(rendered).toContain(`image: ${image}\n`);
  } finally {
    rmSync(top, { recursive: true });
  }
});
