import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageFor, isOlder, pullRequestOf } from "../../../tools/ci/promotion.ts";
import {
  type Environment,
  environments,
  fileOf,
  imageIn,
  previous,
  promote,
} from "../../../tools/promote.ts";
import { Repository } from "../../../tools/gitops/repository.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const image = `ghcr.io/acme/demoapp-webapp:1.4.0@sha256:${"a1".repeat(32)}`;
/** The image of every environment at first. */
const unpublished = { ref: "ghcr.io/acme/demoapp-webapp:0.0.1", digest: `sha256:${"0".repeat(64)}` };
/** The environment that follows dev. */
const [, second] = environments;
const other = image.replace("1.4.0", "1.5.0");

describe("promotion.ts", () => {
  let repository: Repository;
  let folder: string;
  let programs: StubPrograms;
  const git = (...args: readonly string[]): Promise<string> => repository.git(...args);

  beforeEach(async () => {
    repository = new Repository(mkdtempSync(join(tmpdir(), "promotion-")));
    folder = repository.folder;
    await repository.seed({ operator: unpublished, webapp: unpublished });
    programs = new StubPrograms({ gh: "exit 0" });
  });
  afterEach(async () => {
    programs.remove();
    await repository.remove();
  });

  /** The image of an environment on a branch of the repository. */
  const imageOn = async (branch: string, environment: Environment): Promise<string> =>
    imageIn(await git("show", `origin/${branch}:${fileOf(environment)}`));
  /** Another merge to main, which changes the image of dev. */
  const merge = async (newest: string): Promise<void> => {
    await git("switch", "--quiet", "main");
    promote({ image: newest, to: "dev" }, folder);
    await repository.commit("merged");
  };
  const script = (line: string, env: Record<string, string>): Promise<string> =>
    runScript(line, { cwd: folder, env });
  /** From now on, pull request 7 is open. */
  const openOne = (): void => {
    programs.remove();
    programs = new StubPrograms({ gh: '[ "$2" != list ] || echo 7' });
  };

  test("open, twice with different images: one commit of one line on the branch of the environment", async () => {
    for (const [newest, version] of [
      [image, "1.4.0"],
      [other, "1.5.0"],
    ] as const) {
      await git("switch", "--quiet", "main");
      await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: newest });
      const range = "origin/main...origin/promote/dev";
      expect((await git("diff", "--numstat", range)).trim()).toBe(`1\t1\t${fileOf("dev")}`);
      expect((await git("log", "--format=%s", range)).trim()).toBe(`Promote webapp ${version} to dev`);
      openOne();
    }
  });

  test("open, twice: the pull request is created, then updated, and CI is started each time", async () => {
    const calls = (): string[] => programs.calls().filter((call) => call.startsWith("gh"));
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    expect(calls()).toEqual([
      expect.stringContaining("gh pr list --head promote/dev --base main --state open"),
      expect.stringContaining(
        "gh pr create --base main --head promote/dev --title Promote webapp 1.4.0 to dev",
      ),
      "gh workflow run ci.yaml --ref promote/dev",
    ]);
    openOne();
    await git("switch", "--quiet", "main");
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: other });
    expect(calls().slice(1)).toEqual([
      expect.stringContaining(
        "gh api --silent --method PATCH repos/{owner}/{repo}/pulls/7 -f title=Promote webapp 1.5.0 to dev -f body=",
      ),
      "gh workflow run ci.yaml --ref promote/dev",
    ]);
  });

  test("an environment after dev: gets only the image of the previous environment", () => {
    promote({ image, to: "dev" }, folder);
    expect(imageFor(second, "", folder)).toBe(image);
    expect(imageFor(second, image, folder)).toBe(image);
    expect(() => imageFor(second, other, folder)).toThrow("gets the image that dev runs");
  });

  test("plan, then open: the pull request has the planned image, and the tree has no uncommitted change", async () => {
    const plan = await script("tools/ci/promotion.ts plan", { TO: "dev", IMAGE: image });
    expect(plan).toContain(`image=${image}`);
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    expect(await imageOn("promote/dev", "dev")).toBe(image);
    expect(await git("status", "--porcelain")).toBe("");
  });

  test("main has changed since plan: open changes one line of the new main", async () => {
    await merge(image);
    await script("tools/ci/promotion.ts open", { TO: second, IMAGE: image });
    expect((await git("diff", "--numstat", `origin/main...origin/promote/${second}`)).trim()).toBe(
      `1\t1\t${fileOf(second)}`,
    );
    expect(await imageOn(`promote/${second}`, "dev")).toBe(image);
  });

  test("dev has another image since plan: open is refused", async () => {
    await merge(image);
    const planned = await script("tools/ci/promotion.ts plan", { TO: second });
    expect(planned).toContain(`image=${image}`);
    await merge(other);
    const opened = script("tools/ci/promotion.ts open", { TO: second, IMAGE: image });
    await expect(opened).rejects.toThrow(`${second} gets the image that dev runs: ${other}, not ${image}`);
    expect(programs.calls()).toEqual([]);
    expect(readFileSync(join(folder, fileOf(second)), "utf8")).not.toContain(image);
  });

  test("an image that already runs: no pull request", async () => {
    await merge(image);
    expect(await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image })).toContain("already");
    expect(programs.calls()).toEqual([]);
  });

  test("an image older than the one that dev runs, or than the proposed one: no pull request", async () => {
    const commit = async (): Promise<string> => {
      await git("commit", "--quiet", "--allow-empty", "-m", "a change");
      return repository.head();
    };
    const builtFrom = (from: string): string => image.replace("1.4.0", from);
    const oldest = builtFrom(await commit());
    const middle = builtFrom(await commit());
    const newest = builtFrom(await commit());
    await git("push", "--quiet", "origin", "main");
    const open = (one: string): Promise<string> =>
      script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: one });

    await merge(middle);
    expect(await open(oldest)).toContain("is older than");
    await open(newest);
    expect(await imageOn("promote/dev", "dev")).toBe(newest);

    // The newest image is proposed, and the run of an earlier commit is repeated.
    await merge(oldest);
    openOne();
    expect(await open(middle)).toContain("is older than");
    expect(await imageOn("promote/dev", "dev")).toBe(newest);
  });

  test("another run has moved the branch: open fails, and the branch is unchanged", async () => {
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: other });
    await git("update-ref", "-d", "refs/remotes/origin/promote/dev");
    await git("switch", "--quiet", "main");
    const opened = script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    await expect(opened).rejects.toThrow("stale info");
    await git("fetch", "--quiet");
    expect(await imageOn("promote/dev", "dev")).toBe(other);
  });

  describe("GitHub refuses the pull request:", () => {
    const opened = (): Promise<string> => script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    /** From now on, this command runs when the script opens or updates the pull request, and gh then fails. */
    const refuse = (open: string, first = "true"): void => {
      programs.remove();
      const gh = `[ "$2" != list ] || { echo ${open}; exit; }; ${first}; echo no more than once >&2; exit 1`;
      programs = new StubPrograms({ gh });
    };
    /** The commit of the branch at origin. Empty if there is no branch. */
    const branch = (): Promise<string> => git("ls-remote", "origin", "refs/heads/promote/dev");

    test("a new branch is deleted, so that the next run offers the image again", async () => {
      refuse("");
      await expect(opened()).rejects.toThrow("no more than once");
      expect(await branch()).toBe("");
    });

    test("an existing branch gets back its commit", async () => {
      await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: other });
      const before = await branch();
      refuse("7");
      await git("switch", "--quiet", "main");
      await expect(opened()).rejects.toThrow("no more than once");
      expect(await branch()).toBe(before);
    });

    test("another run has moved the branch: its commit stays, and the error is GitHub's", async () => {
      refuse("", "git push --quiet --force origin main:promote/dev");
      await expect(opened()).rejects.toThrow(/promote\/dev is not restored.*\n[^]*no more than once/);
      expect(await branch()).toContain((await git("rev-parse", "main")).trim());
    });
  });

  test("commits that Git can't compare: not older", async () => {
    const unknown = image.replace("1.4.0", "a".repeat(40));
    expect(await isOlder(image, other, folder)).toBe(false);
    expect(await isOlder(unknown, image.replace("1.4.0", "b".repeat(40)), folder)).toBe(false);
    expect(await isOlder(unknown, unknown, folder)).toBe(false);
  });

  test("dev has no published image yet: refused with a sentence", () => {
    expect(() => imageFor(second, "", folder)).toThrow("is a placeholder: no image is published yet");
  });

  test("dev: gets the given build, which is required", () => {
    expect(imageFor("dev", image, folder)).toBe(image);
    expect(() => imageFor("dev", "", folder)).toThrow("IMAGE must name the image that dev gets");
  });
});

test("the text of a pull request: the new image, its source, the current image, when to approve, how to roll back", () => {
  const { body } = pullRequestOf("prod", image, other);
  const approve =
    "Approve only if this branch has exactly one commit and its author is `github-actions[bot]`";
  for (const part of [image, other, `the image that \`${previous("prod")}\` runs`, approve, "git revert"])
    expect(body).toContain(part);
});
