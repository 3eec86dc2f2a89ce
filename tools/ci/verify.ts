// `node tools/ci/verify.ts`: holds IMAGE (a reference with a digest) against its signature and its attestation: it
// was built by this repository's image.yaml from its main branch or a release tag, and by nothing else.
import { command } from "../cluster/command.ts";
import { given, script } from "./outputs.ts";

/** Who may have built an image, as the certificates name it. */
const builder = ".github/workflows/image.yaml";
const issuer = "https://token.actions.githubusercontent.com";

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The commands that have to end well; `repository` is `owner/name`. */
export function checksOf(reference: string, repository: string): readonly (readonly string[])[] {
  if (!/^\S+@sha256:[0-9a-f]{64}$/.test(reference)) throw new Error(`"${reference}" names no digest`);
  // cosign and gh want no tag beside the digest.
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
    for (const argv of checksOf(given("IMAGE"), given("GITHUB_REPOSITORY"))) {
      await command(argv);
      console.log(`  ✓ ${argv.slice(0, argv[0] === "gh" ? 3 : 2).join(" ")}`);
    }
  });
