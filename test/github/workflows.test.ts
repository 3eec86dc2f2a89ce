import { describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tiers } from "../../tools/verification.ts";
import { jobOf, jobs, needsOf, root, runs, workflow, workflows } from "./workflow.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** npm scripts that a workflow runs and `npm test` doesn't, each with the reason. */
const untested: Readonly<Record<string, string>> = {
  bench: "ten minutes of load; test/tools/bench/bench.cluster.test.ts runs a small benchmark",
};

describe("every workflow", () => {
  test.each(workflows)("$file: the workflow itself has no permissions", ({ permissions }) => {
    expect(permissions).toEqual({});
  });

  test.each(workflows)("$file: every permission of a job has a comment with the reason", ({ text }) => {
    const grants = text.split("\n").filter((line) => /^\s+[a-z-]+: (read|write)\b/.test(line));
    expect(grants.length).toBeGreaterThan(0);
    expect(grants.filter((line) => !/ # \w+/.test(line))).toEqual([]);
  });

  test.each(workflows)(
    "$file: every action is pinned to a commit, with the version as a comment",
    ({ text }) => {
      const uses = text
        .split("\n")
        .filter((line) => /^\s+(- )?uses: /.test(line) && !/uses: \.\//.test(line));
      const pinned = /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
      expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
    },
  );

  test.each(workflows.filter(({ on }) => !("workflow_call" in on)))(
    "$file: one run at a time for a ref, or for a commit of main",
    (one) => {
      expect(one.concurrency).toMatchObject({ group: expect.stringMatching(/github\.ref \}\}$/) });
    },
  );

  test("an action that several workflows use: the same commit everywhere", () => {
    const found = workflows.flatMap(({ text }) => [
      ...text.matchAll(/uses: ([\w-]+\/[\w-]+)[\w./-]*@(\w{40})/g),
    ]);
    const commits = new Map<string, Set<string>>();
    for (const [, action = "", commit = ""] of found)
      commits.set(action, (commits.get(action) ?? new Set()).add(commit));
    expect([...commits].filter(([, all]) => all.size > 1)).toEqual([]);
  });
});

describe("every job", () => {
  test.each(jobs.filter(({ job }) => job.uses === undefined))(
    "$path: has a timeout and its own permissions",
    ({ job }) => {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job.permissions).toBeDefined();
    },
  );

  test("a checkout: stores no credentials", () => {
    const checkouts = jobs.flatMap(({ job }) =>
      (job.steps ?? []).filter(({ uses }) => uses?.startsWith("actions/checkout@")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    expect(checkouts.filter((step) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test("secrets: only the token, and only in jobs that push, verify, open or report something", () => {
    const text = workflows.map((one) => one.text).join("\n");
    expect(text).not.toMatch(/secrets\./);
    const holders = jobs
      .filter(({ job }) => /github\.token/.test(JSON.stringify(job.steps ?? [])))
      .map(({ path }) => path);
    expect(holders.toSorted()).toEqual([
      "ci.yaml ci-ok",
      "image.yaml push",
      "promote.yaml open",
      "promote.yaml verify",
      "release.yaml check",
      "release.yaml deploy",
      "release.yaml images",
      "release.yaml release",
    ]);
  });
});

describe("every command of a workflow", () => {
  test("a single command, without expressions of GitHub", () => {
    expect(runs.filter(({ run }) => /\$\{\{|\n|[;&|<>`]/.test(run))).toEqual([]);
  });

  test.each(runs)("$path: `$run` is a script of this repository", ({ run }) => {
    const command = run.replace(/^sudo --preserve-env env "PATH=\$PATH" /, "");
    const [, npm, file] = /^npm (?:run )?([\w-]+) --|^node (tools\/[\w/-]+\.ts)\b/.exec(command) ?? [];
    if (file === undefined) expect(Object.keys(scripts)).toContain(npm);
    else expect(existsSync(join(root, file))).toBe(true);
  });

  test("a script: its test runs the whole script, or the list above has a reason", () => {
    const lines = runs.flatMap(({ run }) => /node (tools\/[\w/-]+\.ts(?: [a-z]+)?)/.exec(run)?.[1] ?? []);
    const untried = lines.filter((line) => {
      const tests = ["test.ts", "pipeline.test.ts"].map((suffix) =>
        join(root, "test", line.replace(/\bts\b.*/, suffix)),
      );
      // The test of the script runs: runScript("tools/ci/scan.ts source").
      return !tests.some((file) => existsSync(file) && readFileSync(file, "utf8").includes(`"${line}`));
    });
    expect(lines).toContain("tools/ci/scan.ts source");
    expect(untried).toEqual([]);
    const npm = runs.flatMap(({ run }) => /npm run ([\w-]+)/.exec(run)?.[1] ?? []);
    expect(npm.filter((name) => untested[name] === undefined)).toEqual([]);
  });

  test("the tiers that npm test gets: exist", () => {
    const named = runs.flatMap(({ run }) => /npm test -- ([a-z2 ]+)$/.exec(run)?.[1]?.split(" ") ?? []);
    expect(named.filter((name) => name !== "static" && !tiers.some((tier) => tier === name))).toEqual([]);
    // `cluster` and `gitops` need the embedded provider's own node: docs/pipeline.md.
    expect(tiers.filter((tier) => !named.includes(tier))).toEqual(["cluster", "gitops"]);
  });
});

/** `head.repo.fork` would be wrong: in a forked repository it is true for pull requests of the repository itself. */
const sameRepository = "github.event.pull_request.head.repo.full_name == github.repository";

describe("ci.yaml", () => {
  const needs = (key: string): readonly string[] => needsOf(jobOf("ci.yaml", key));
  /** Every job that must have succeeded before a job. */
  const before = (key: string): readonly string[] => needs(key).flatMap((one) => [one, ...before(one)]);

  test("the order: lint, then test, then build and scan, then promote", () => {
    expect(before("test")).toContain("lint");
    for (const program of ["operator", "webapp"])
      expect(before(program)).toEqual(expect.arrayContaining(["test", "cluster", "e2e", "source"]));
    expect(before("promote")).toEqual(expect.arrayContaining(["webapp", "ci-ok"]));
  });

  test("ci-ok: requires every job except the upload of findings and the promotion", () => {
    const others = Object.keys(workflow("ci.yaml").jobs).filter(
      (key) => !["ci-ok", "findings", "promote"].includes(key),
    );
    expect(needs("ci-ok").toSorted()).toEqual(others.toSorted());
    const blocked = jobs.filter(({ job }) => needsOf(job).includes("findings"));
    expect(blocked.map(({ path }) => path)).toEqual([]);
  });

  test("every job of every workflow: documented", () => {
    const keys = workflows.flatMap((one) => Object.keys(one.jobs));
    expect(keys.filter((key) => !read("docs/pipeline.md").includes(`\`${key}\``))).toEqual([]);
  });

  test("a repository without code scanning and attestations: one variable switches off all that needs them", () => {
    const needing = /codeql-action|dependency-review|actions\/attest@|scorecard-action/;
    const condition = "vars.ADVANCED_SECURITY != 'off'";
    const enabled = jobs.flatMap(({ path, job }) =>
      (job.steps ?? [])
        .filter(
          ({ uses = "", if: own }) =>
            needing.test(uses) && ![job.if, own].some((one) => one?.includes(condition)),
        )
        .map(({ uses }) => `${path}: ${uses}`),
    );
    expect(enabled).toEqual([]);
    expect(read("docs/pipeline.md")).toContain("`ADVANCED_SECURITY`");
  });

  test("the Go that lint installs: the newest that a checker needs", () => {
    const goOf = (file: string): string => /^go (\S+)$/m.exec(read(file))?.[1] ?? "";
    const folders = readdirSync(join(root, "tools/checkers"), { withFileTypes: true });
    const modules = folders
      .filter((one) => one.isDirectory())
      .map(({ name }) => `tools/checkers/${name}/go.mod`);
    const setup = jobOf("ci.yaml", "lint").steps?.find(({ uses }) => uses?.startsWith("actions/setup-go@"));
    const installed = goOf(String(setup?.with?.["go-version-file"]));
    const newer = modules.filter((file) => goOf(file).localeCompare(installed, "en", { numeric: true }) > 0);
    expect(newer).toEqual([]);
  });

  test("every commit of main is built: no group in which a later run replaces a waiting one", () => {
    const { group } = workflow("ci.yaml").concurrency ?? {};
    expect(group).toBe("ci-${{ github.event_name == 'push' && github.sha || github.ref }}");
    expect(workflow("promote.yaml").concurrency?.group).toBe("promote-${{ inputs.to }}-${{ github.sha }}");
    const checkout = jobOf("promote.yaml", "open").steps?.[0];
    expect(checkout?.with?.["fetch-depth"]).toBe(0);
  });

  test("ci-ok: reported for every change, as nothing filters the workflow or the job", () => {
    expect(JSON.stringify(workflow("ci.yaml").on)).not.toContain("paths");
    expect(jobOf("ci.yaml", "ci-ok").if).toBe("${{ always() }}");
  });

  test("ci-ok of a workflow_dispatch run: also a commit status, for success and failure", () => {
    const step = jobOf("ci.yaml", "ci-ok").steps?.at(-1);
    expect(step).toMatchObject({
      if: "${{ always() && github.event_name == 'workflow_dispatch' }}",
      env: { RESULT: "${{ steps.ok.outcome }}" },
      run: "node tools/ci/status.ts",
    });
    const writers = jobs.filter(({ job }) => job.permissions?.statuses !== undefined);
    expect(writers.map(({ path }) => path)).toEqual(["ci.yaml ci-ok"]);
  });

  test("a promotion: no job after lint runs", () => {
    const always = new Set(["changes", "lint", "dependencies", "ci-ok", "promote"]);
    for (const [key, job] of Object.entries(workflow("ci.yaml").jobs)) {
      const condition = `needs.changes.outputs.${key === "test" ? "test" : "build"} == 'true'`;
      if (!always.has(key)) expect([key, job.if]).toEqual([key, expect.stringContaining(condition)]);
    }
    expect(jobOf("ci.yaml", "promote").if).toContain("needs.changes.outputs.webapp == 'true'");
  });

  test("a pull request from a fork: CI runs without secrets and writes nothing", () => {
    expect(workflow("ci.yaml").on).toHaveProperty("pull_request");
    expect(workflows.filter(({ on }) => "pull_request_target" in on || "workflow_run" in on)).toEqual([]);
    expect(jobOf("ci.yaml", "findings").if).toContain(
      `(github.event_name != 'pull_request' || ${sameRepository})`,
    );
    expect(jobOf("ci.yaml", "webapp").with?.push).toBe("${{ github.event_name == 'push' }}");
  });

  test("a pull request from a fork of a private repository, which gets no variables: no analysis that needs a plan", () => {
    const condition = `(!github.event.repository.private || ${sameRepository})`;
    expect(jobOf("ci.yaml", "dependencies").if).toContain(condition);
    expect(jobOf("codeql.yaml", "analyze").if).toContain(
      `(github.event_name != 'pull_request' || ${condition.slice(1)}`,
    );
  });

  test("the findings: uploaded also if a scan has failed, but not if nothing was scanned", () => {
    const { if: condition } = jobOf("ci.yaml", "findings");
    expect(condition).toContain("!cancelled()");
    expect(condition).toContain("needs.source.result != 'skipped'");
  });

  test("the job e2e: three consecutive Kubernetes minors, with node images pinned by digest", () => {
    const matrix = jobOf("ci.yaml", "e2e").strategy?.matrix.include ?? [];
    const minors = matrix.map(({ minor = "" }) => Number(minor.split(".")[1]));
    expect(minors).toEqual([0, 1, 2].map((below) => (minors[0] ?? 0) - below));
    for (const { minor, node } of matrix)
      expect(node).toMatch(new RegExp(`^kindest/node:v${minor}\\.\\d+@sha256:[0-9a-f]{64}$`));
  });
});
