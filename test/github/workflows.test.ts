import { describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tiers } from "../../tools/verification.ts";
import { jobOf, jobs, needsOf, root, runs, workflow, workflows } from "./workflow.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** Why an npm script that a workflow runs is no part of `npm test`. */
const elsewhere: Readonly<Record<string, string>> = {
  bench: "ten minutes of load; test/tools/bench/bench.cluster.test.ts runs a small one",
};

describe("every workflow", () => {
  test.each(workflows)("$file grants nothing at its top", ({ permissions }) => {
    expect(permissions).toEqual({});
  });

  test.each(workflows)("$file says why a job gets each permission", ({ text }) => {
    const grants = text.split("\n").filter((line) => /^\s+[a-z-]+: (read|write)\b/.test(line));
    expect(grants.length).toBeGreaterThan(0);
    expect(grants.filter((line) => !/ # \w+/.test(line))).toEqual([]);
  });

  test.each(workflows)("$file pins each action to a commit, and says which version that is", ({ text }) => {
    const uses = text.split("\n").filter((line) => /^\s+(- )?uses: /.test(line) && !/uses: \.\//.test(line));
    const pinned = /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
  });

  test.each(workflows.filter(({ on }) => !("workflow_call" in on)))(
    "$file runs once at a time for a ref, CI for a commit of main",
    (one) => {
      expect(one.concurrency).toMatchObject({ group: expect.stringMatching(/github\.ref \}\}$/) });
    },
  );

  test("the same action has the same version everywhere", () => {
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
    "$path has a timeout and permissions of its own",
    ({ job }) => {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job.permissions).toBeDefined();
    },
  );

  test("keeps no credentials in its checkout", () => {
    const checkouts = jobs.flatMap(({ job }) =>
      (job.steps ?? []).filter(({ uses }) => uses?.startsWith("actions/checkout@")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    expect(checkouts.filter((step) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test("has no secret but the token, and that only in steps that push, verify, open or report something", () => {
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
      "release.yaml release",
    ]);
  });
});

describe("what a workflow runs", () => {
  test("is one command each, without anything that GitHub puts into it", () => {
    expect(runs.filter(({ run }) => /\$\{\{|\n|[;&|<>`]/.test(run))).toEqual([]);
  });

  test.each(runs)("in $path: $run, is a script of this repository", ({ run }) => {
    const command = run.replace(/^sudo --preserve-env env "PATH=\$PATH" /, "");
    const [, npm, file] = /^npm (?:run )?([\w-]+) --|^node (tools\/[\w/-]+\.ts)\b/.exec(command) ?? [];
    if (file === undefined) expect(Object.keys(scripts)).toContain(npm);
    else expect(existsSync(join(root, file))).toBe(true);
  });

  test("is run by npm test from its first line to its last, or has a reason why not", () => {
    const lines = runs.flatMap(({ run }) => /node (tools\/[\w/-]+\.ts(?: [a-z]+)?)/.exec(run)?.[1] ?? []);
    const untried = lines.filter((line) => {
      const file = join(root, "test", line.replace(/\.ts.*/, ".test.ts"));
      // As its own test starts it: runScript("tools/ci/scan.ts source").
      return !existsSync(file) || !readFileSync(file, "utf8").includes(`"${line}`);
    });
    expect(lines).toContain("tools/ci/scan.ts source");
    expect(untried).toEqual([]);
    const npm = runs.flatMap(({ run }) => /npm run ([\w-]+)/.exec(run)?.[1] ?? []);
    expect(npm.filter((name) => elsewhere[name] === undefined)).toEqual([]);
  });

  test("are tiers that there are", () => {
    const named = runs.flatMap(
      ({ run }) => /npm test -- ([a-z2 ]+?) --report/.exec(run)?.[1]?.split(" ") ?? [],
    );
    expect(named.filter((name) => name !== "static" && !tiers.some((tier) => tier === name))).toEqual([]);
    // `cluster` tests the embedded provider's own node, and `gitops` Argo CD beside it: docs/pipeline.md.
    expect(tiers.filter((tier) => !named.includes(tier))).toEqual(["cluster", "gitops"]);
  });
});

describe("CI", () => {
  const graph = Object.fromEntries(
    Object.entries(workflow("ci.yaml").jobs).map(([key, job]) => [key, needsOf(job)]),
  );

  test("goes from lint to test to build and scan, each only after the one before, as documented", () => {
    expect(graph).toEqual({
      changes: [],
      lint: [],
      dependencies: [],
      test: ["changes", "lint"],
      cluster: ["changes", "lint"],
      e2e: ["changes", "test"],
      source: ["changes", "test"],
      findings: ["changes", "source"],
      operator: ["changes", "test", "cluster", "e2e", "source"],
      webapp: ["changes", "test", "cluster", "e2e", "source"],
      summary: ["changes", "lint", "test", "cluster", "e2e", "source", "operator", "webapp"],
      "ci-ok": ["changes", "lint", "dependencies", "test", "cluster", "e2e", "source", "operator", "webapp"],
      promote: ["changes", "webapp", "ci-ok"],
    });
    const documented = read("docs/pipeline.md");
    const keys = workflows.flatMap((one) => Object.keys(one.jobs));
    expect(keys.filter((key) => !documented.includes(`\`${key}\``))).toEqual([]);
  });

  test("builds every commit of main: no run waits in a group in which a later one would replace it", () => {
    const { group } = workflow("ci.yaml").concurrency ?? {};
    expect(group).toBe("ci-${{ github.event_name == 'push' && github.sha || github.ref }}");
    expect(workflow("promote.yaml").concurrency?.group).toBe("promote-${{ inputs.to }}-${{ github.sha }}");
    const checkout = jobOf("promote.yaml", "open").steps?.[0];
    expect(checkout?.with?.["fetch-depth"]).toBe(0);
  });

  test("reports ci-ok for every change: nothing keeps the workflow or that job from running", () => {
    expect(JSON.stringify(workflow("ci.yaml").on)).not.toContain("paths");
    expect(jobOf("ci.yaml", "ci-ok").if).toBe("${{ always() }}");
  });

  test("reports ci-ok to the commit too when it was asked for, green or red, and only then", () => {
    const step = jobOf("ci.yaml", "ci-ok").steps?.at(-1);
    expect(step).toMatchObject({
      if: "${{ always() && github.event_name == 'workflow_dispatch' }}",
      env: { RESULT: "${{ steps.ok.outcome }}" },
      run: "node tools/ci/status.ts",
    });
    const writers = jobs.filter(({ job }) => job.permissions?.statuses !== undefined);
    expect(writers.map(({ path }) => path)).toEqual(["ci.yaml ci-ok"]);
  });

  test("builds nothing for a promotion: all jobs from the tests on ask what has changed", () => {
    const asks = "needs.changes.outputs.build == 'true'";
    const always = new Set(["changes", "lint", "dependencies", "ci-ok", "promote"]);
    for (const [key, job] of Object.entries(workflow("ci.yaml").jobs))
      if (!always.has(key)) expect([key, job.if]).toEqual([key, expect.stringContaining(asks)]);
    expect(jobOf("ci.yaml", "promote").if).toContain("needs.changes.outputs.webapp == 'true'");
  });

  test("runs for pull requests of forks without any secret, and writes nothing for them", () => {
    expect(workflow("ci.yaml").on).toHaveProperty("pull_request");
    expect(workflows.filter(({ on }) => "pull_request_target" in on || "workflow_run" in on)).toEqual([]);
    // Not `head.repo.fork`: in a repository that is a fork itself, that is so for its own pull requests too.
    const ours = "github.event.pull_request.head.repo.full_name == github.repository";
    for (const file of ["ci.yaml", "image.yaml"])
      expect(jobOf(file, "findings").if).toContain(`(github.event_name != 'pull_request' || ${ours})`);
    expect(jobOf("ci.yaml", "webapp").with?.push).toBe("${{ github.event_name == 'push' }}");
  });

  test.each([
    ["ci.yaml", "source"],
    ["image.yaml", "scan"],
  ])(
    "hands over the findings of %s when its job %s has ended, well or not, and not when it never ran",
    (file, scan) => {
      const result = `needs.${scan}.result`;
      expect(jobOf(file, "findings").if).toContain(`(${result} == 'success' || ${result} == 'failure')`);
      expect(needsOf(jobOf(file, "findings"))).toContain(scan);
    },
  );

  test("runs end to end on three Kubernetes minors in a row, by digest", () => {
    const matrix = jobOf("ci.yaml", "e2e").strategy?.matrix.include ?? [];
    const minors = matrix.map(({ minor = "" }) => Number(minor.split(".")[1]));
    expect(minors).toEqual([0, 1, 2].map((below) => (minors[0] ?? 0) - below));
    for (const { minor, node } of matrix)
      expect(node).toMatch(new RegExp(`^kindest/node:v${minor}\\.\\d+@sha256:[0-9a-f]{64}$`));
  });
});
