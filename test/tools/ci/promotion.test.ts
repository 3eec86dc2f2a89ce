import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { imageFor, isOlder, pullRequestOf } from "../../../tools/ci/promotion.ts";
import { type Environment, before, environments, fileOf, imageIn, promote } from "../../../tools/promote.ts";
import { Clone } from "../../support/clone.ts";
import { Programs } from "../../support/programs.ts";
import { runScript } from "../../support/script.ts";

const image = `ghcr.io/acme/webapp:1.4.0@sha256:${"a1".repeat(32)}`;
/** Where a version goes from dev. */
const [, second] = environments;
const other = image.replace("1.4.0", "1.5.0");

describe("a promotion by pull request", () => {
  let clone: Clone;
  let folder: string;
  let programs: Programs;
  const git = (...args: readonly string[]): string => clone.git(...args);

  beforeEach(() => {
    clone = new Clone();
    folder = clone.folder;
    programs = new Programs({ gh: "exit 0" });
  });
  afterEach(() => {
    programs.remove();
    clone.remove();
  });

  /** What a branch of the repository says that an environment runs. */
  const imageOn = (branch: string, environment: Environment): string =>
    imageIn(git("show", `origin/${branch}:${fileOf(environment)}`));
  /** Somebody else's merge to main, by which dev runs another image. */
  const merge = (newest: string): void => {
    git("switch", "--quiet", "main");
    promote({ image: newest, to: "dev" }, folder);
    git("commit", "--quiet", "-am", "merged");
    git("push", "--quiet", "origin", "main");
  };
  const script = (line: string, env: Record<string, string>): Promise<string> =>
    runScript(line, { cwd: folder, env });
  /** From here on the pull request 7 is open. */
  const openOne = (): void => {
    programs.remove();
    programs = new Programs({ gh: '[ "$2" != list ] || echo 7' });
  };

  test("is one commit on the environment's branch, of one line, also when a newer image replaces it", async () => {
    for (const [newest, version] of [
      [image, "1.4.0"],
      [other, "1.5.0"],
    ] as const) {
      git("switch", "--quiet", "main");
      await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: newest });
      const range = "origin/main...origin/promote/dev";
      expect(git("diff", "--numstat", range).trim()).toBe(`1\t1\t${fileOf("dev")}`);
      expect(git("log", "--format=%s", range).trim()).toBe(`Promote webapp ${version} to dev`);
      openOne();
    }
  });

  test("is opened once and then brought up to date; each time CI is asked for", async () => {
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
    git("switch", "--quiet", "main");
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: other });
    expect(calls().slice(1)).toEqual([
      expect.stringContaining("gh pr edit 7 --title Promote webapp 1.5.0 to dev"),
      "gh workflow run ci.yaml --ref promote/dev",
    ]);
  });

  test("brings to staging and prod what the environment before runs, and nothing else", () => {
    promote({ image, to: "dev" }, folder);
    expect(imageFor(second, "", folder)).toBe(image);
    expect(imageFor(second, image, folder)).toBe(image);
    expect(() => imageFor(second, other, folder)).toThrow("takes what dev runs");
  });

  test("has the image that was planned, and leaves the tree as it was committed", async () => {
    const plan = await script("tools/ci/promotion.ts plan", { TO: "dev", IMAGE: image });
    expect(plan).toContain(`image=${image}`);
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    expect(imageOn("promote/dev", "dev")).toBe(image);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("moves the line of what main has by then, and leaves all else of it", async () => {
    merge(image);
    await script("tools/ci/promotion.ts open", { TO: second, IMAGE: image });
    expect(git("diff", "--numstat", `origin/main...origin/promote/${second}`).trim()).toBe(
      `1\t1\t${fileOf(second)}`,
    );
    expect(imageOn(`promote/${second}`, "dev")).toBe(image);
  });

  test("is refused if dev has moved on since the image was verified", async () => {
    merge(image);
    const planned = await script("tools/ci/promotion.ts plan", { TO: second });
    expect(planned).toContain(`image=${image}`);
    merge(other);
    const opened = script("tools/ci/promotion.ts open", { TO: second, IMAGE: image });
    await expect(opened).rejects.toThrow(`${second} takes what dev runs: ${other}, not ${image}`);
    expect(programs.calls()).toEqual([]);
    expect(readFileSync(join(folder, fileOf(second)), "utf8")).not.toContain(image);
  });

  test("of what runs already is nothing to do", async () => {
    merge(image);
    expect(await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image })).toContain("already");
    expect(programs.calls()).toEqual([]);
  });

  test("brings to dev no image that is older than what runs there or is proposed, whoever ends first", async () => {
    const commit = (): string => {
      git("commit", "--quiet", "--allow-empty", "-m", "a change");
      return git("rev-parse", "HEAD").trim();
    };
    const builtFrom = (from: string): string => image.replace("1.4.0", from);
    const [oldest, middle, newest] = [commit(), commit(), commit()].map(builtFrom) as [
      string,
      string,
      string,
    ];
    git("push", "--quiet", "origin", "main");
    const open = (one: string): Promise<string> =>
      script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: one });

    merge(middle);
    expect(await open(oldest)).toContain("is older than");
    await open(newest);
    expect(imageOn("promote/dev", "dev")).toBe(newest);

    // The newest is proposed, and the run of the one before is asked for again.
    merge(oldest);
    openOne();
    expect(await open(middle)).toContain("is older than");
    expect(imageOn("promote/dev", "dev")).toBe(newest);
  });

  test("never goes over a branch that another run has moved meanwhile", async () => {
    await script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: other });
    git("update-ref", "-d", "refs/remotes/origin/promote/dev");
    git("switch", "--quiet", "main");
    const opened = script("tools/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    await expect(opened).rejects.toThrow("stale info");
    git("fetch", "--quiet");
    expect(imageOn("promote/dev", "dev")).toBe(other);
  });

  test("takes no image for older of which Git can't tell", async () => {
    const unknown = image.replace("1.4.0", "a".repeat(40));
    expect(await isOlder(image, other, folder)).toBe(false);
    expect(await isOlder(unknown, image.replace("1.4.0", "b".repeat(40)), folder)).toBe(false);
    expect(await isOlder(unknown, unknown, folder)).toBe(false);
  });

  test("brings to dev what was built", () => {
    expect(imageFor("dev", image, folder)).toBe(image);
    expect(() => imageFor("dev", "", folder)).toThrow("say which image dev is to get");
  });
});

test("a pull request says what comes, what was there, and how to go back", () => {
  const { body } = pullRequestOf("prod", image, other);
  for (const part of [image, other, `what \`${before("prod")}\` runs`, "git revert"])
    expect(body).toContain(part);
});
