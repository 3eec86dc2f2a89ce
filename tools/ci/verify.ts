// `node tools/ci/verify.ts`: verifies the signature and the build attestation of IMAGE, a reference with a digest. Both
// must come from this repository's image.yaml, run on main. With ADVANCED_SECURITY=off there are no attestations.
import { command } from "../cluster/command.ts";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** The workflow that builds images, as certificates name it. */
const builder = ".github/workflows/image.yaml";
const issuer = "https://token.actions.githubusercontent.com";

/** The commands that must succeed. `repository` is `owner/name`. */
export function checksOf(
  reference: string,
  repository: string,
  { attested }: { readonly attested: boolean },
): readonly (readonly string[])[] {
  if (!/^\S+@sha256:[0-9a-f]{64}$/.test(reference)) throw new Error(`"${reference}" has no digest`);
  // cosign and gh refuse a tag beside the digest.
  const [, name = "", digest = ""] = /^(.*?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  const identity = `https://github.com/${repository}/${builder}@refs/heads/main`;
  const signed = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
  const built = ["--signer-workflow", `${repository}/${builder}`, "--source-ref", "refs/heads/main"];
  const attestation = [
    "gh",
    "attestation",
    "verify",
    `oci://${name}@${digest}`,
    "--repo",
    repository,
    ...built,
  ];
  return [["cosign", "verify", ...signed, `${name}@${digest}`], ...(attested ? [attestation] : [])];
}

/** Rejects unless signature and attestation of an image are valid. */
export async function verify(reference: string): Promise<void> {
  const attested = process.env.ADVANCED_SECURITY !== "off";
  for (const argv of checksOf(reference, requiredEnv("GITHUB_REPOSITORY"), { attested })) {
    await command(argv);
    console.log(`  ✓ ${argv.slice(0, argv[0] === "gh" ? 3 : 2).join(" ")} ${reference}`);
  }
}

if (import.meta.main) await script(() => verify(requiredEnv("IMAGE")));
