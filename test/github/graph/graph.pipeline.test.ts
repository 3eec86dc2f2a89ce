import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { fileOf, withImage } from "../../../tools/promote.ts";
import { registry, repository } from "../../support/fork.ts";
import { Rig, type Run } from "./rig.ts";

/** The jobs that ran and succeeded. Fails the test, with the log of the run, if another job failed. */
function succeeded({ results, output }: Run): readonly string[] {
  const failed = Object.keys(results).filter((key) => results[key] !== "success");
  if (failed.length > 0) throw new Error(`${failed.join(", ")} failed:\n${output}`);
  return Object.keys(results).toSorted();
}

const callsOf = ({ calls }: Run, ...programs: readonly string[]): readonly string[] =>
  calls.filter((call) => programs.some((program) => call.startsWith(program)));

/** Every job that tests or scans, and builds without publishing. */
const checks = ["changes", "ci-ok", "cluster", "e2e", "lint", "source", "test"];
const builds = ["operator/build", "operator/scan", "webapp/build", "webapp/scan"];
const publishes = ["operator/push", "webapp/push"];
const writing = ["cosign", "attest", "login", "skopeo copy", "gh"];

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig.remove());

describe("a pull request", () => {
  /** A branch from main with one commit, which is checked out. */
  const branch = (name: string, files: Readonly<Record<string, string>>): string => {
    rig.git("switch", "--quiet", "--create", name, "main");
    return rig.commit(files);
  };

  test("of this repository: everything is tested, built and scanned, and the findings are uploaded", async () => {
    branch("feature", { "webapp/app.ts": "// a feature\n" });
    const run = await rig.pullRequest("feature");
    expect(succeeded(run)).toEqual([...checks, ...builds, "dependencies", "findings"].toSorted());
    expect(callsOf(run, ...writing)).toEqual([]);
    expect(callsOf(run, "upload-sarif")).toEqual([
      "upload-sarif operator-linux-amd64.sarif operator-linux-arm64.sarif source-dependencies.sarif source.sarif webapp-linux-amd64.sarif webapp-linux-arm64.sarif",
    ]);
  });

  test("from a fork: the same, and nothing is written", async () => {
    rig.git("switch", "--quiet", "feature");
    const run = await rig.pullRequest("feature", "mallory/demoapp-operator");
    expect(succeeded(run)).toEqual([...checks, ...builds, "dependencies"].toSorted());
    expect(callsOf(run, ...writing, "upload-sarif")).toEqual([]);
  });

  test("from a fork of a private repository, without the variables: the same, but no review of dependencies", async () => {
    rig.git("switch", "--quiet", "feature");
    const run = await rig.pullRequest("feature", "mallory/demoapp-operator", { private: true });
    expect(succeeded(run)).toEqual([...checks, ...builds].toSorted());
  });

  test("that promotes an image: only the manifests are checked", async () => {
    const image = rig.imageOf(rig.git("rev-parse", "main"));
    branch("promote/staging", { [fileOf("staging")]: withImage(rig.read(fileOf("staging")), image) });
    expect(succeeded(await rig.pullRequest("promote/staging"))).toEqual([
      "changes",
      "ci-ok",
      "dependencies",
      "lint",
    ]);
  });

  test("that promotes an image, checked by workflow_dispatch: its commit gets the status", async () => {
    rig.git("switch", "--quiet", "promote/staging");
    const run = await rig.dispatch("ci.yaml", {});
    expect(succeeded(run)).toEqual(["changes", "ci-ok", "lint"]);
    const statuses = `repos/${repository}/statuses/${rig.git("rev-parse", "promote/staging")}`;
    expect(callsOf(run, "gh")).toEqual([
      expect.stringMatching(new RegExp(`^gh api .*${statuses} .*state=success .*context=ci-ok`)),
    ]);
  });

  test("that changes only documentation: tested, but not built", async () => {
    branch("docs", { "docs/webapp.md": "A page.\n" });
    expect(succeeded(await rig.pullRequest("docs"))).toEqual([
      "changes",
      "ci-ok",
      "dependencies",
      "lint",
      "test",
    ]);
  });
});

describe("main", () => {
  beforeAll(() => {
    rig.git("switch", "--quiet", "main");
  });

  test("a commit with another web app: both images are published, and dev is offered the web app", async () => {
    const commit = rig.commit({ "webapp/app.ts": "// 1\n" });
    const run = await rig.push();
    expect(succeeded(run)).toEqual(
      [
        ...checks,
        ...builds,
        ...publishes,
        "findings",
        "Promote to dev/open",
        "Promote to dev/verify",
      ].toSorted(),
    );
    for (const image of ["demoapp-operator", "demoapp-webapp"]) {
      const published = callsOf(run, "skopeo copy", "cosign sign", "attest").filter((call) =>
        call.includes(image),
      );
      // By digest, signature, attestations of the build and of three SBOMs, tag.
      expect(published.map((call) => call.split(" ")[0])).toEqual([
        "skopeo",
        "cosign",
        ...Array(4).fill("attest"),
        "skopeo",
      ]);
    }
    expect(rig.diff("promote/dev", "--numstat")).toBe(`1\t1\t${fileOf("dev")}`);
    expect(rig.imageOn("promote/dev", "dev")).toContain(`demoapp-webapp:${commit}@sha256:`);
    expect(callsOf(run, "gh pr create", "gh workflow run")).toHaveLength(2);
  });

  test("the tag of a release: adds the version to the images of the commit, and offers to run the operator", async () => {
    const { version } = JSON.parse(rig.read("package.json")) as { version: string };
    const text = `# Changelog\n\n## Unreleased\n\n## ${version} (2026-01-01)\n\n- A change.\n`;
    const pinned = Object.fromEntries(
      ["Dockerfile.operator", "Dockerfile.webapp"].map((file) => [
        file,
        rig.read(file).replaceAll(/^(ARG \w+_IMAGE=[^@\s]+)$/gm, `$1@sha256:${"a1".repeat(32)}`),
      ]),
    );
    rig.commit({ "CHANGELOG.md": text, "operator/main.ts": "// released\n", ...pinned });
    expect((await rig.push()).results["operator/push"]).toBe("success");
    const run = await rig.tag(`v${version}`);
    expect(succeeded(run)).toEqual(["check", "deploy", "files", "images", "release"]);
    expect(callsOf(run, "skopeo copy").map((call) => call.split(" ").at(-1))).toEqual([
      `docker://${registry}/demoapp-operator:${version}`,
      `docker://${registry}/demoapp-webapp:${version}`,
    ]);
    expect(callsOf(run, "gh release create")).toHaveLength(1);
    const [, digest = ""] = /operator@(sha256:\w+)/.exec(callsOf(run, "cosign verify").join("\n")) ?? [];
    expect(rig.diff("release/operator")).toContain(digest);
  });

  test("end-to-end tests fail: no image is built, ci-ok names the job, and the next commit offers the web app", async () => {
    rig.commit({ "webapp/app.ts": "// 2\n" });
    const red = await rig.push({ failing: "test -- e2e" });
    expect(red.results).toMatchObject({ source: "success", e2e: "failure", "ci-ok": "failure" });
    expect(Object.keys(red.results).filter((key) => key.includes("/"))).toEqual([]);
    expect(red.output).toContain("e2e: failure");

    const next = rig.commit({ "docs/webapp.md": "Another page.\n" });
    expect(succeeded(await rig.push())).toContain("Promote to dev/open");
    expect(rig.imageOn("promote/dev", "dev")).toContain(next);
  });

  test("a repository without code scanning and attestations: images are published and signed all the same", async () => {
    rig.commit({ "webapp/app.ts": "// 3\n" });
    const run = await rig.push({ variables: { ADVANCED_SECURITY: "off" } });
    expect(succeeded(run)).toEqual(
      [...checks, ...builds, ...publishes, "Promote to dev/open", "Promote to dev/verify"].toSorted(),
    );
    expect(callsOf(run, "attest", "upload-sarif", "gh attestation")).toEqual([]);
    expect(callsOf(run, "cosign sign")).toHaveLength(2);
    expect(callsOf(run, "cosign verify")).toHaveLength(1);
  });

  test("a promotion by hand: needs the verdict of the environment before, or a reason", async () => {
    const image = rig.imageOf("b".repeat(40));
    const commit = rig.commit({ [fileOf("dev")]: withImage(rig.read(fileOf("dev")), image) });
    const rejected = { deployed: { commit, state: "failure" } };
    const refused = await rig.dispatch("promote.yaml", { to: "staging" }, rejected);
    expect(refused.results).toEqual({ verify: "failure" });
    expect(refused.output).toContain('is \\"failure\\"');

    const forced = await rig.dispatch("promote.yaml", { to: "staging", override: "a bad probe" }, rejected);
    expect(succeeded(forced)).toEqual(["open", "verify"]);
    expect(callsOf(forced, "gh pr create").join()).toContain("gh pr create");
    expect(rig.imageOn("promote/staging", "staging")).toBe(image);
    expect(forced.calls.join("\n")).toContain("@someone gave the reason: a bad probe");
  });
});
