import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askOf, imageFor, isOlder, pullRequestOf, pushOf, requestOf } from "../../../scripts/ci/promotion.ts";
import { type Environment, fileOf, imageIn, promote } from "../../../scripts/promote.ts";
import { command } from "../../cluster/command.ts";
import { copyDeploy } from "../../support/overlays.ts";
import { Programs } from "../../support/programs.ts";
import { runScript } from "../../support/script.ts";

const image = `ghcr.io/acme/webapp:1.4.0@sha256:${"a1".repeat(32)}`;
const other = image.replace("1.4.0", "1.5.0");

describe("a promotion by pull request", () => {
  let folder: string;
  let programs: Programs;
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
    });

  beforeEach(() => {
    const base = mkdtempSync(join(tmpdir(), "promotion-"));
    folder = join(base, "clone");
    execFileSync("git", ["init", "--quiet", "--bare", join(base, "origin")]);
    execFileSync("git", ["init", "--quiet", "-b", "main", folder]);
    copyDeploy(folder);
    git("remote", "add", "origin", join(base, "origin"));
    git("add", ".");
    git("commit", "--quiet", "-m", "as it is");
    git("push", "--quiet", "origin", "main");
    programs = new Programs({ gh: "exit 0" });
  });
  afterEach(() => {
    programs.remove();
    rmSync(join(folder, ".."), { recursive: true });
  });

  const run = async (argvs: readonly (readonly string[])[]): Promise<void> => {
    for (const argv of argvs) await command(argv, { cwd: folder });
  };

  test("is one commit on the environment's branch, of one line, also when a newer image replaces it", async () => {
    for (const [newest, version] of [
      [image, "1.4.0"],
      [other, "1.5.0"],
    ] as const) {
      git("switch", "--quiet", "main");
      promote({ image: newest, to: "dev" }, folder);
      const seen = git("for-each-ref", "--format=%(objectname)", "refs/remotes/origin/promote").trim();
      await run(pushOf(fileOf("dev"), pullRequestOf("dev", newest, "before"), seen));
      const range = "origin/main...origin/promote/dev";
      expect(git("diff", "--numstat", range).trim()).toBe(`1\t1\t${fileOf("dev")}`);
      expect(git("log", "--format=%s", range).trim()).toBe(`Promote webapp ${version} to dev`);
    }
  });

  test("is opened once and then brought up to date; each time CI is asked for", async () => {
    const request = pullRequestOf("dev", image, "before");
    await run([askOf(request.branch), ...requestOf(request, ""), ...requestOf(request, "7")]);
    const calls = programs.calls().filter((call) => call.startsWith("gh"));
    expect(calls).toEqual([
      expect.stringContaining("gh pr list --head promote/dev --base main --state open"),
      expect.stringContaining(
        "gh pr create --base main --head promote/dev --title Promote webapp 1.4.0 to dev",
      ),
      "gh workflow run ci.yaml --ref promote/dev",
      expect.stringContaining("gh pr edit 7 --title Promote webapp 1.4.0 to dev"),
      "gh workflow run ci.yaml --ref promote/dev",
    ]);
  });

  test("brings to staging and prod what the environment before runs, and nothing else", () => {
    promote({ image, to: "dev" }, folder);
    expect(imageFor("staging", "", folder)).toBe(image);
    expect(imageFor("staging", image, folder)).toBe(image);
    expect(() => imageFor("staging", other, folder)).toThrow("staging takes what dev runs");
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

  test("is one pull request from the plan to the end", async () => {
    const plan = await script("scripts/ci/promotion.ts plan", { TO: "dev", IMAGE: image });
    expect(plan).toContain(`image=${image}`);
    await script("scripts/ci/promotion.ts open", { TO: "dev", IMAGE: image });
    expect(imageOn("promote/dev", "dev")).toBe(image);
    expect(git("status", "--porcelain")).toBe("");
    const calls = programs.calls().filter((call) => call.startsWith("gh"));
    expect(calls.map((call) => call.split(" ").slice(1, 3))).toEqual([
      ["pr", "list"],
      ["pr", "create"],
      ["workflow", "run"],
    ]);
  });

  test("moves the line of what main has by then, and leaves all else of it", async () => {
    merge(image);
    await script("scripts/ci/promotion.ts open", { TO: "staging", IMAGE: image });
    expect(git("diff", "--numstat", "origin/main...origin/promote/staging").trim()).toBe(
      `1\t1\t${fileOf("staging")}`,
    );
    expect(imageOn("promote/staging", "dev")).toBe(image);
  });

  test("is refused if dev has moved on since the image was verified", async () => {
    merge(image);
    const planned = await script("scripts/ci/promotion.ts plan", { TO: "staging" });
    expect(planned).toContain(`image=${image}`);
    merge(other);
    const opened = script("scripts/ci/promotion.ts open", { TO: "staging", IMAGE: image });
    await expect(opened).rejects.toThrow(`staging takes what dev runs: ${other}, not ${image}`);
    expect(programs.calls()).toEqual([]);
    expect(readFileSync(join(folder, fileOf("staging")), "utf8")).not.toContain(image);
  });

  test("of what runs already is nothing to do", async () => {
    merge(image);
    expect(await script("scripts/ci/promotion.ts open", { TO: "dev", IMAGE: image })).toContain("already");
    expect(programs.calls()).toEqual([expect.stringContaining("gh pr list")]);
  });

  test("brings to dev no image that is older than what runs there or is proposed, whoever ends first", async () => {
    const commit = (): string => {
      git("commit", "--quiet", "--allow-empty", "-m", "a change");
      return git("rev-parse", "HEAD").trim();
    };
    const builtFrom = (from: string): string => image.replace("1.4.0", from);
    const [first, second, third] = [commit(), commit(), commit()].map(builtFrom) as [string, string, string];
    git("push", "--quiet", "origin", "main");
    const open = (newest: string): Promise<string> =>
      script("scripts/ci/promotion.ts open", { TO: "dev", IMAGE: newest });

    merge(second);
    expect(await open(first)).toContain("is older than");
    await open(third);
    expect(imageOn("promote/dev", "dev")).toBe(third);

    // The third is proposed, and the second's run is asked for again.
    merge(first);
    programs.remove();
    programs = new Programs({ gh: '[ "$2" != list ] || echo 7' });
    expect(await open(second)).toContain("is older than");
    expect(imageOn("promote/dev", "dev")).toBe(third);
  });

  test("never goes over a branch that another run has moved meanwhile", async () => {
    await script("scripts/ci/promotion.ts open", { TO: "dev", IMAGE: other });
    git("update-ref", "-d", "refs/remotes/origin/promote/dev");
    git("switch", "--quiet", "main");
    const opened = script("scripts/ci/promotion.ts open", { TO: "dev", IMAGE: image });
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
  for (const part of [image, other, "what `staging` runs", "git revert"]) expect(body).toContain(part);
});
