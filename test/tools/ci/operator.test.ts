import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { operatorFile, withOperator } from "../../../tools/ci/operator.ts";
import { Repository } from "../../../tools/gitops/repository.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const digest = `sha256:${"a1".repeat(32)}`;
const image = `ghcr.io/acme/demoapp-operator:0.2.0@${digest}`;
const built = { ref: "ghcr.io/acme/demoapp-operator:0.1.0", digest };
const released = `images:
  - name: operator
    newName: ghcr.io/acme/demoapp-operator
    newTag: 0.1.0
# kept
`;

describe("operator.ts", () => {
  let repository: Repository;
  let programs: StubPrograms;
  const run = (): Promise<string> =>
    runScript("tools/ci/operator.ts", { cwd: repository.folder, env: { IMAGE: image } });

  beforeEach(async () => {
    repository = new Repository(mkdtempSync(join(tmpdir(), "operator-")));
    await repository.seed({ operator: built, webapp: built });
    await repository.write(operatorFile, released);
    await repository.commit("earlier release");
    programs = new StubPrograms({ gh: "exit 0" });
  });
  afterEach(async () => {
    programs.remove();
    await repository.remove();
  });

  test("a released image: a pull request sets the image in one file, and CI is started for the pull request", async () => {
    await run();
    const range = "origin/main...origin/release/operator";
    expect((await repository.git("diff", "--numstat", range)).trim()).toBe(`2\t1\t${operatorFile}`);
    const { images } = parse(await repository.git("show", `origin/release/operator:${operatorFile}`)) as {
      images: unknown;
    };
    expect(images).toEqual([
      { name: "operator", newName: "ghcr.io/acme/demoapp-operator", newTag: "0.2.0", digest },
    ]);
    const calls = programs.calls().filter((call) => call.startsWith("gh"));
    expect(calls.slice(1)).toEqual([
      expect.stringContaining("gh pr create --base main --head release/operator --title Run operator 0.2.0"),
      "gh workflow run ci.yaml --ref release/operator",
    ]);
  });

  test("an image that already runs: no pull request", async () => {
    await repository.write(operatorFile, withOperator(released, image));
    expect(await run()).toContain("already");
    expect(programs.calls()).toEqual([]);
  });
});

test("a later release: replaces the image, and leaves the other lines", () => {
  const later = image.replace("0.2.0", "0.3.0").replaceAll("a1", "b2");
  expect(withOperator(withOperator(released, image), later)).toBe(withOperator(released, later));
  expect(withOperator(released, later)).toContain("# kept\n");
});

test.each([
  ["without a digest", "ghcr.io/acme/demoapp-operator:0.2.0", "is not name:tag@sha256"],
  [
    "of another image",
    image.replace("demoapp-operator", "demoapp-webapp"),
    "not ghcr.io/acme/demoapp-webapp",
  ],
  ["with a second line", `${image}\n    newName: x`, "is not name:tag@sha256"],
])("a reference %s: refused", (_, reference, sentence) => {
  expect(() => withOperator(released, reference)).toThrow(sentence);
});
