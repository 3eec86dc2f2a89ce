import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { withRelease } from "../../../tools/ci/operator.ts";
import { Repository, settingsFile } from "../../../tools/gitops/repository.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const name = "registry.test/acme/demoapp-operator";
const digest = `sha256:${"a1".repeat(32)}`;
const image = `${name}:0.2.0@${digest}`;
const built = { ref: `${name}:0.1.0`, digest };
const revision = "7e".repeat(20);
const release = { image, revision, tag: "v0.2.0" };
const settings = `data:
  targetRevision: main
  operatorRevision: "not-released"
  operatorImage: ${name}:0.1.0
# kept
`;

describe("operator.ts", () => {
  let repository: Repository;
  let programs: StubPrograms;
  let earlier: string;
  /** Runs the script for a release of a commit: of the newest one, unless it is given. */
  const run = async (commit?: string): Promise<string> =>
    runScript("tools/ci/operator.ts", {
      cwd: repository.folder,
      env: { IMAGE: image, REVISION: commit ?? (await repository.head()), TAG: "v0.2.0" },
    });
  /** The calls of gh, with the text of the pull request. */
  const opened = (): string => programs.calls().join("\n");

  beforeEach(async () => {
    repository = new Repository(mkdtempSync(join(tmpdir(), "operator-")));
    earlier = await repository.seed({ operator: built, webapp: built });
    programs = new StubPrograms({ gh: "exit 0" });
  });
  afterEach(async () => {
    programs.remove();
    await repository.remove();
  });

  /** Pins the earlier release, so that a later one has something to compare with. */
  const pin = async (): Promise<string> => {
    await repository.release(earlier, built);
    return repository.commit("Run the earlier release");
  };

  test("a release: one pull request sets its commit and its image, and CI is started for the pull request", async () => {
    const commit = await pin();
    await run();
    const range = "origin/main...origin/release/operator";
    expect((await repository.git("diff", "--numstat", range)).trim()).toBe(`2\t2\t${settingsFile}`);
    const text = await repository.git("show", `origin/release/operator:${settingsFile}`);
    expect(parse(text)).toMatchObject({ data: { operatorRevision: commit, operatorImage: image } });
    expect(text).toContain(`"${commit}" # v0.2.0\n`);
    expect(opened()).toContain("gh pr create --base main --head release/operator --title Run operator 0.2.0");
    expect(opened()).toContain("exactly one commit and its author is `github-actions[bot]`");
    expect(programs.calls().at(-1)).toBe("gh workflow run ci.yaml --ref release/operator");
  });

  test("a release that changes a permission: the pull request names the file, and no file that doesn't reach the operator", async () => {
    await pin();
    await repository.edit("deploy/operator/role.yaml", "[list, watch]", "[get, list, watch]");
    await repository.edit("deploy/webapp/base/demoapp.yaml", "minReadySeconds: 15", "minReadySeconds: 16");
    await repository.commit("Read pods");
    await run();
    expect(opened()).toContain("M\tdeploy/operator/role.yaml");
    expect(opened()).not.toContain("demoapp.yaml");
  });

  test("a release without a change of manifests: the pull request says that only the image changes", async () => {
    await pin();
    await run();
    expect(opened()).toContain("Only the image changes");
  });

  test("the first release: the pull request asks for a full review", async () => {
    await repository.release("not-released", built);
    await repository.commit("Run no release");
    await run();
    expect(opened()).toContain("review `crds` and `deploy/operator` in full");
  });

  test("a newer release runs: no pull request", async () => {
    const newer = await pin();
    await repository.release(newer, built);
    await repository.commit("Run the newer release");
    expect(await run(earlier)).toContain(`v0.2.0 is older than ${newer}`);
    expect(opened()).not.toContain("gh pr create");
  });

  test("the open pull request has a newer release: unchanged; the same release, as in a repeated run: updated", async () => {
    const older = await pin();
    await repository.edit("crds/demoapps.demoapp.dev.yaml", "kind:", "# newer\nkind:");
    const newer = await repository.commit("Change the CRD");
    await run();
    programs.remove();
    programs = new StubPrograms({ gh: '[ "$2" != list ] || echo 7' });
    await repository.git("switch", "--quiet", "main");
    expect(await run(older)).toContain(`v0.2.0 is older than ${newer}`);
    expect(await repository.git("show", `origin/release/operator:${settingsFile}`)).toContain(newer);
    expect(programs.calls()).toHaveLength(1);
    await run(newer);
    expect(programs.calls().at(-1)).toBe("gh workflow run ci.yaml --ref release/operator");
  });

  test("a release that already runs: no pull request", async () => {
    const text = await repository.read(settingsFile);
    const current = { ...release, revision: await repository.head() };
    await repository.write(settingsFile, withRelease(text, current));
    expect(await run()).toContain("already");
    expect(programs.calls()).toEqual([]);
  });
});

test("a later release: replaces both values, and leaves the other lines", () => {
  const later = { image: image.replace("0.2.0", "0.3.0"), revision: "8f".repeat(20), tag: "v0.3.0" };
  expect(withRelease(withRelease(settings, release), later)).toBe(withRelease(settings, later));
  expect(withRelease(settings, later)).toContain("# kept\n");
});

test.each([
  ["an image without a digest", { image: `${name}:0.2.0` }, "is not name:tag@sha256"],
  [
    "another image",
    { image: image.replace("demoapp-operator", "demoapp-webapp") },
    "not registry.test/acme/demoapp-webapp",
  ],
  ["an image with a second line", { image: `${image}\n  repoURL: x` }, "is not name:tag@sha256"],
  ["a short commit", { revision: "7e7e7e7" }, "is not a full commit"],
  ["a tag with a second line", { tag: "v1\n  repoURL: x" }, "is not a tag"],
])("%s: refused", (_, wrong, sentence) => {
  expect(() => withRelease(settings, { ...release, ...wrong })).toThrow(sentence);
});
