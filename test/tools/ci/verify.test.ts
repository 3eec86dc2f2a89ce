import { expect, test } from "@jest/globals";
import { checksOf } from "../../../tools/ci/verify.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const digest = `sha256:${"a1".repeat(32)}`;
const [cosign = [], gh = []] = checksOf(`ghcr.io/acme/webapp:1.4.0@${digest}`, "acme/demoapp-operator");
const identity = new RegExp(cosign[cosign.indexOf("--certificate-identity-regexp") + 1] ?? "");
const workflow = "https://github.com/acme/demoapp-operator/.github/workflows/image.yaml";

test("an image with or without a tag: verified by its digest, which is required", () => {
  expect(cosign.at(-1)).toBe(`ghcr.io/acme/webapp@${digest}`);
  expect(gh).toContain(`oci://ghcr.io/acme/webapp@${digest}`);
  expect(checksOf(`localhost:5000/webapp@${digest}`, "a/b")[0]?.at(-1)).toBe(
    `localhost:5000/webapp@${digest}`,
  );
  expect(() => checksOf("ghcr.io/acme/webapp:1.4.0", "acme/demoapp-operator")).toThrow("has no digest");
});

test.each(["refs/heads/main", "refs/tags/v1.4.0"])("an image built from %s: the identity matches", (ref) => {
  expect(identity.test(`${workflow}@${ref}`)).toBe(true);
});

test.each([
  ["a pull request", `${workflow}@refs/pull/7/merge`],
  ["another branch", `${workflow}@refs/heads/main2`],
  ["another workflow", `${workflow.replace("image", "other")}@refs/heads/main`],
  ["a fork", `${workflow.replace("acme", "evil")}@refs/heads/main`],
  ["a similar host name", `${workflow.replace("github.com", "githubxcom")}@refs/heads/main`],
])("an image built from %s: the identity doesn't match", (_, signer) => {
  expect(identity.test(signer)).toBe(false);
});

test("the attestation: must come from the same workflow", () => {
  expect(gh.slice(gh.indexOf("--repo"))).toEqual([
    "--repo",
    "acme/demoapp-operator",
    "--signer-workflow",
    "acme/demoapp-operator/.github/workflows/image.yaml",
  ]);
});

test.each([
  ["signature and attestation are valid", "exit 0", ["✓ cosign verify", "✓ gh attestation verify"]],
  ["only the signature is valid", "echo no attestation found >&2; exit 1", "no attestation found"],
])("%s: the script reports the result", async (_, gh, expected) => {
  const programs = new StubPrograms({ cosign: "exit 0", gh });
  try {
    const env = { IMAGE: `ghcr.io/acme/webapp:1.4.0@${digest}`, GITHUB_REPOSITORY: "acme/demoapp-operator" };
    const printed = runScript("tools/ci/verify.ts", { env });
    if (typeof expected === "string") await expect(printed).rejects.toThrow(expected);
    else for (const line of expected) expect(await printed).toContain(line);
    expect(programs.calls()).toHaveLength(2);
  } finally {
    programs.remove();
  }
});
