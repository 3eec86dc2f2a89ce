// `node tools/ci/verify.ts`: verifies the signature and the build attestation of IMAGE, a reference with a digest. Both
// must come from this repository's image.yaml, run on main or on a release tag.
import { command } from "../cluster/command.ts";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** The workflow that builds images, as certificates name it. */
const builder = ".github/workflows/image.yaml";
const issuer = "https://token.actions.githubusercontent.com";

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The commands that must succeed. `repository` is `owner/name`. */
export function checksOf(reference: string, repository: string): readonly (readonly string[])[] {
  if (!/^\S+@sha256:[0-9a-f]{64}$/.test(reference)) throw new Error(`"${reference}" has no digest`);
  // cosign and gh refuse a tag beside the digest.
  const [, name = "", digest = ""] = /^(.*?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  const identity = `^https://github\\.com/${escaped(`${repository}/${builder}`)}@refs/(heads/main|tags/v.+)$`;
  const signed = ["--certificate-identity-regexp", identity, "--certificate-oidc-issuer", issuer];
  return [
    ["cosign", "verify", ...signed, `${name}@${digest}`],
    [
      "gh",
      "attestation",
      "verify",
      `oci://${name}@${digest}`,
      "--repo",
      repository,
      "--signer-workflow",
      `${repository}/${builder}`,
    ],
  ];
}

if (import.meta.main)
  await script(async () => {
    for (const argv of checksOf(requiredEnv("IMAGE"), requiredEnv("GITHUB_REPOSITORY"))) {
      await command(argv);
      console.log(`  ✓ ${argv.slice(0, argv[0] === "gh" ? 3 : 2).join(" ")}`);
    }
  });
