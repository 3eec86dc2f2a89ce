import { expect, test } from "@jest/globals";
import { checksOf } from "../../../tools/ci/verify.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const digest = `sha256:${"a1".repeat(32)}`;
const attested = { attested: true };
const repository = "acme/demoapp-operator";
const [cosign = [], gh = []] = checksOf(`ghcr.io/acme/demoapp-webapp:1.4.0@${digest}`, repository, attested);

test("an image with or without a tag: verified by its digest, which is required", () => {
  expect(cosign.at(-1)).toBe(`ghcr.io/acme/demoapp-webapp@${digest}`);
  expect(gh).toContain(`oci://ghcr.io/acme/demoapp-webapp@${digest}`);
  expect(checksOf(`localhost:5000/webapp@${digest}`, "a/b", attested)[0]?.at(-1)).toBe(
    `localhost:5000/webapp@${digest}`,
  );
  expect(() => checksOf("ghcr.io/acme/demoapp-webapp:1.4.0", repository, attested)).toThrow("has no digest");
});

test("the signature: must be of this repository's image.yaml on main, by the exact identity", () => {
  const identity = "https://github.com/acme/demoapp-operator/.github/workflows/image.yaml@refs/heads/main";
  expect(cosign.slice(2, 4)).toEqual(["--certificate-identity", identity]);
});

test("the attestation: must come from the same workflow on main", () => {
  expect(gh.slice(gh.indexOf("--repo"))).toEqual([
    "--repo",
    "acme/demoapp-operator",
    "--signer-workflow",
    "acme/demoapp-operator/.github/workflows/image.yaml",
    "--source-ref",
    "refs/heads/main",
  ]);
});

test("a repository without attestations: only the signature is verified", () => {
  const checks = checksOf(`ghcr.io/acme/demoapp-webapp@${digest}`, repository, { attested: false });
  expect(checks.map(([program]) => program)).toEqual(["cosign"]);
});

test.each([
  ["signature and attestation are valid", "exit 0", ["✓ cosign verify", "✓ gh attestation verify"]],
  ["only the signature is valid", "echo no attestation found >&2; exit 1", "no attestation found"],
])("%s: the script reports the result", async (_, gh, expected) => {
  const programs = new StubPrograms({ cosign: "exit 0", gh });
  try {
    const env = {
      IMAGE: `ghcr.io/acme/demoapp-webapp:1.4.0@${digest}`,
      GITHUB_REPOSITORY: "acme/demoapp-operator",
    };
    const printed = runScript("tools/ci/verify.ts", { env });
    if (typeof expected === "string") await expect(printed).rejects.toThrow(expected);
    else for (const line of expected) expect(await printed).toContain(line);
    expect(programs.calls()).toHaveLength(2);
  } finally {
    programs.remove();
  }
});
