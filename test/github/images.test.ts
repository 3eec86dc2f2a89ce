import { describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { environments, imageIn } from "../../tools/promote.ts";
import { registry } from "../support/fork.ts";
import { jobOf, needsOf, root, workflow } from "./workflow.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe("image.yaml", () => {
  const image = workflow("image.yaml").jobs;

  test.each(["operator", "webapp"])(
    "the image of the %s: built from the Dockerfile that the demo uses",
    (program) => {
      const { file } =
        image.build?.steps?.find(({ uses }) => uses?.startsWith("docker/build-push"))?.with ?? {};
      const built = String(file).replace("${{ inputs.program }}", program);
      expect(read("tools/images.ts")).toContain("`Dockerfile.${program}`");
      expect(existsSync(join(root, built))).toBe(true);
      expect(jobOf("ci.yaml", program)).toMatchObject({
        uses: "./.github/workflows/image.yaml",
        with: { program },
      });
    },
  );

  test.each([
    [
      "operator",
      () =>
        (parse(read("deploy/operator/kustomization.yaml")) as { images: { newName: string }[] }).images[0]
          ?.newName,
    ],
    ["webapp", () => imageIn(read("deploy/webapp/overlays/dev/demoapp.yaml")).split(":")[0]],
  ])("the image of the %s: pushed to the name that deploy/ uses", (program, deployed) => {
    expect(deployed()).toBe(`${registry}/${String(jobOf("ci.yaml", program).with?.image)}`);
  });

  test("build and scan: can only read the tree, have no secret, and run before the job that can push", () => {
    for (const key of ["build", "scan"]) {
      expect(image[key]?.permissions).toEqual({ contents: "read" });
      expect(JSON.stringify(image[key])).not.toMatch(/secrets|github\.token|login-action/);
    }
    expect(needsOf(image.push ?? {})).toEqual(["build", "scan"]);
    const writers = Object.entries(image).filter(([, job]) => job.permissions?.packages === "write");
    expect(writers.map(([key]) => key)).toEqual(["push"]);
  });

  test("build: writes a folder, and pushes nothing", () => {
    const settings = image.build?.steps?.find(({ uses }) => uses?.startsWith("docker/build-push"))?.with;
    expect(settings).toMatchObject({ platforms: "linux/amd64,linux/arm64", provenance: false, sbom: false });
    expect(settings?.outputs).toMatch(/^type=oci,dest=dist\/\$\{\{ inputs\.program \}\}-image,tar=false$/);
    expect(settings).not.toHaveProperty("push");
  });

  test("push: signs and attests the image before the tag is set", () => {
    const steps = image.push?.steps?.map(({ run, uses }) => run ?? uses?.split("@")[0]) ?? [];
    const order = ["node tools/ci/publish.ts push", "actions/attest", "node tools/ci/publish.ts tag"];
    const places = order.map((part) => steps.findLastIndex((step) => step?.startsWith(part)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThanOrEqual(0);
  });

  test("a repeated run, whose tag is published already: attests and tags nothing", () => {
    const steps = image.push?.steps ?? [];
    const after = steps.slice(1 + steps.findIndex(({ id }) => id === "push"));
    expect(after.length).toBeGreaterThan(4);
    for (const { if: condition } of after) expect(condition).toContain("steps.push.outputs.pushed == 'true'");
  });
});

describe("promote.yaml", () => {
  test("the pull request: opened after the verification and the approval of the environment", () => {
    expect(needsOf(jobOf("promote.yaml", "open"))).toEqual(["verify"]);
    expect(jobOf("promote.yaml", "open").environment).toEqual({
      name: "${{ inputs.to }}",
      deployment: false,
    });
    const last = jobOf("promote.yaml", "verify").steps?.at(-1)?.run;
    expect(last).toBe("node tools/ci/verify.ts");
  });

  test("a promotion: runs on main only, and changes the newest commit of main", () => {
    expect(jobOf("promote.yaml", "verify").if).toBe("${{ github.ref == 'refs/heads/main' }}");
    const checkout = jobOf("promote.yaml", "open").steps?.[0];
    expect([checkout?.uses, checkout?.with?.ref]).toEqual([
      expect.stringMatching(/^actions\/checkout@/),
      "main",
    ]);
  });

  test("promotion by hand: for every environment", () => {
    const { inputs } = workflow("promote.yaml").on["workflow_dispatch"] as {
      inputs: { to: { options: unknown } };
    };
    expect(inputs.to.options).toEqual(environments);
    expect(jobOf("ci.yaml", "promote").with?.to).toBe(environments[0]);
  });

  test("the verdict of the previous environment: required before and after the approval", () => {
    const steps = (key: string) => (jobOf("promote.yaml", key).steps ?? []).map(({ run }) => run);
    expect(steps("verify")).toContain("node tools/ci/verdict.ts");
    expect(steps("open").slice(-2)).toEqual(["node tools/ci/verdict.ts", "node tools/ci/promotion.ts open"]);
  });

  test("a web app built from main: promoted to dev", () => {
    const { uses, with: inputs, if: condition } = jobOf("ci.yaml", "promote");
    expect([uses, inputs]).toEqual([
      "./.github/workflows/promote.yaml",
      { to: "dev", image: "${{ needs.webapp.outputs.reference }}" },
    ]);
    expect(condition).toContain("github.event_name == 'push'");
  });
});

describe("release.yaml", () => {
  test("every job that writes: needs the approval and the checks", () => {
    const { jobs } = workflow("release.yaml");
    const gates = Object.keys(jobs).filter((key) => jobs[key]?.environment?.name === "release");
    expect(gates).toEqual(["check"]);
    const isGated = (key: string): boolean =>
      needsOf(jobOf("release.yaml", key)).some((needed) => gates.includes(needed) || isGated(needed));
    const writers = Object.keys(jobs).filter((key) =>
      Object.values(jobs[key]?.permissions ?? {}).includes("write"),
    );
    expect(writers).toEqual(expect.arrayContaining(["images", "release", "deploy"]));
    expect(writers.filter((key) => !isGated(key))).toEqual([]);
  });

  test("a job that can write: installs no npm packages", () => {
    const { jobs } = workflow("release.yaml");
    // `release.ts files` runs npm; the other commands are Node without packages.
    const installs = Object.keys(jobs).filter((key) =>
      jobs[key]?.steps?.some(({ run }) => /^npm|release\.ts files/.test(run ?? "")),
    );
    expect(installs).toEqual(["files"]);
    expect(jobs.files?.permissions).toEqual({ contents: "read" });
  });

  test("the tagged images: those that ci.yaml publishes", () => {
    const names = ["operator", "webapp"].map((program) => String(jobOf("ci.yaml", program).with?.image));
    for (const name of names) expect(read("tools/ci/release.ts")).toContain(`"${name}"`);
  });

  test("the pull request for deploy/operator: opened after the release, from the newest commit of main", () => {
    const deploy = jobOf("release.yaml", "deploy");
    expect(needsOf(deploy)).toEqual(["images", "release"]);
    expect(deploy.steps?.[0]?.with).toMatchObject({ ref: "main", "fetch-depth": 0 });
    expect(deploy.steps?.at(-1)?.env?.IMAGE).toBe("${{ needs.images.outputs.operator }}");
  });

  test("the job check: has the whole history, to find the tagged commit on main", () => {
    const [checkout] = jobOf("release.yaml", "check").steps ?? [];
    expect(checkout?.with?.["fetch-depth"]).toBe(0);
  });
});
