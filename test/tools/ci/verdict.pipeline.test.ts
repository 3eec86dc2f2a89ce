import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { objectionTo, verdictOf } from "../../../tools/ci/verdict.ts";
import { environments, fileOf, promote } from "../../../tools/promote.ts";
import { Repository } from "../../../tools/gitops/repository.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const image = `ghcr.io/acme/demoapp-webapp:1.4.0@sha256:${"a1".repeat(32)}`;
const older = image.replace("1.4.0", "1.3.0");
const unpublished = { ref: "ghcr.io/acme/demoapp-webapp:0.0.1", digest: `sha256:${"0".repeat(64)}` };
const [first, second] = environments;
const good = { commit: "a".repeat(40), state: "success", description: "2 of 2 pods are available.", image };

/** Creators, in GitHub's API. */
const workflow = { login: "github-actions[bot]", type: "Bot" };
const person = { login: "someone", type: "User" };
const app = { login: "argocd[bot]", type: "Bot" };

test("the newest deployment has the image, and its state is success: no objection", () => {
  expect(objectionTo(image, good)).toBeUndefined();
});

test.each([
  ["no deployment", undefined, "no deployment by a GitHub App is recorded"],
  [
    "the operator has rejected the version",
    { ...good, state: "failure", description: "Rollout 4 was rejected" },
    'is "failure" (Rollout 4 was rejected)',
  ],
  [
    "the rollout is not finished",
    { ...good, state: "in_progress", description: "" },
    'is "in_progress" (no description)',
  ],
  ["Argo CD has not synced the image yet", { ...good, image: older }, `has another image: ${older}`],
  ["the deployed commit is not on main", { ...good, image: undefined }, "which main doesn't have"],
])("%s: an objection", (_, deployment, sentence) => {
  expect(objectionTo(image, deployment)).toContain(sentence);
});

test("an objection and a reason to override: the pull request names both, and the person", () => {
  const verdict = verdictOf("staging", 'its newest deployment is "failure"', "the probe was wrong");
  expect(verdict).toMatch(
    /^\*\*Promoted without a verdict.\*\*.*"failure".*gave the reason: the probe was wrong$/,
  );
});

test("a description and a reason with line breaks: the verdict has one line, with an override and without", () => {
  const objection = "it failed:\n::warning::pods\r\n crash";
  expect(verdictOf("dev", objection, "a bad\nprobe")).toMatch(
    /it failed: ::warning::pods crash\..* a bad probe$/,
  );
  expect(() => verdictOf("dev", objection, "")).toThrow("it failed: ::warning::pods crash. Wait for");
});

/** A person's reason. */
const override = { OVERRIDE: "a bad\nprobe", GITHUB_ACTOR: "someone" };

describe("verdict.ts", () => {
  let repository: Repository;
  let programs: StubPrograms;
  let deployed: string;

  beforeEach(async () => {
    repository = new Repository(mkdtempSync(join(tmpdir(), "verdict-")));
    await repository.seed({ operator: unpublished, webapp: unpublished });
    promote({ image, to: first }, repository.folder);
    await repository.commit("merged");
    deployed = await repository.head();
    programs = new StubPrograms({});
  });
  afterEach(async () => {
    programs.remove();
    await repository.remove();
  });

  const run = (env: Record<string, string> = {}): Promise<string> => {
    const set = { TO: second, IMAGE: image, GITHUB_REPOSITORY: "acme/demoapp-operator", ...env };
    return runScript("tools/ci/verdict.ts", { cwd: repository.folder, env: set });
  };
  /**
   * Runs the script with GitHub's answers: the newest deployment of dev by Argo CD's app, and its newest status. A
   * workflow and a person have recorded newer ones.
   */
  const verdict = (sha: string, state: string, env: Record<string, string> = {}): Promise<string> => {
    programs.remove();
    const recorded = [workflow, person, app].map((creator, index) => ({ id: 9 - index, sha, creator }));
    const other = { state: state === "success" ? "failure" : "success", description: null };
    const statuses = [
      { ...other, creator: workflow },
      { ...other, creator: person },
      { state, description: "pods crash", creator: app },
      { ...other, creator: app },
    ];
    const gh = `case "$2" in *statuses*) echo '${JSON.stringify(statuses)}';; *) echo '${JSON.stringify(recorded)}';; esac`;
    programs = new StubPrograms({ gh });
    return run(env);
  };

  test("dev runs the image, and a commit without a deployment follows: the promotion goes on", async () => {
    await repository.git("commit", "--quiet", "--allow-empty", "-m", "a page");
    await repository.git("push", "--quiet", "origin", "main");
    expect(await verdict(deployed, "success")).toContain("the operator has accepted it");
    expect(programs.calls()).toEqual([
      "gh api repos/acme/demoapp-operator/deployments?environment=dev&per_page=100",
      "gh api repos/acme/demoapp-operator/deployments/7/statuses?per_page=100",
    ]);
  });

  test("dev has rejected the image, and a person has recorded a success: refused, unless a person gives a reason", async () => {
    await expect(verdict(deployed, "failure")).rejects.toThrow('is "failure" (pods crash). Wait for Argo CD');
    expect(await verdict(deployed, "failure", override)).toContain("@someone gave the reason: a bad probe");
  });

  test("the deployed commit is unknown: refused", async () => {
    await expect(verdict("f".repeat(40), "success")).rejects.toThrow("which main doesn't have");
  });

  test.each([
    ["GitHub answers with an error", "echo HTTP 502 >&2; exit 1", "HTTP 502"],
    ["GitHub answers with HTML", "echo '<html>'", "is not valid JSON"],
  ])("%s: refused, unless a person gives a reason", async (_, gh, problem) => {
    programs.remove();
    programs = new StubPrograms({ gh });
    await expect(run()).rejects.toThrow(problem);
    expect(await run(override)).toMatch(new RegExp(`${problem}.* gave the reason: a bad probe`));
  });

  test("the deployed commit has no image of dev: refused, unless a person gives a reason", async () => {
    await repository.write(fileOf(first), "kind: DemoApp\n");
    const sha = await repository.commit("a mistake");
    await expect(verdict(sha, "success")).rejects.toThrow("exactly one line with an image");
    expect(await verdict(sha, "success", override)).toContain("gave the reason: a bad probe");
  });

  test("the first environment, where an image gets its first verdict: nothing is required", async () => {
    expect(await verdict(deployed, "failure", { TO: first })).toBe("  verdict=\n");
    expect(programs.calls()).toEqual([]);
  });
});
