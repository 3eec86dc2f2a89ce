// `node tools/ci/publish.ts push <name>` pushes the image that was built and scanned to IMAGE by its digest, without
// a tag, and signs it; `node tools/ci/publish.ts tag <name>` gives it the tag VERSION once all is attested: no tag
// ever names an image that isn't signed. The signature is keyless: of the workflow's own identity.
import { createHash } from "node:crypto";
import { command } from "../cluster/command.ts";
import { type Image, layoutOf, readLayout } from "./layout.ts";
import { given, output, script } from "./outputs.ts";

/** A registry's repository, and whether it is a test's, without TLS. */
export interface Target {
  readonly repository: string;
  readonly insecure?: boolean;
}

/** Version numbers and commits; `latest` would say nothing. */
const tagForm = /^([0-9a-f]{40}|\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?)$/;

const skopeo = (target: Target, source: string, destination: string): Promise<string> => {
  const tls = target.insecure === true ? ["--dest-tls-verify=false", "--src-tls-verify=false"] : [];
  // --all: every platform, and the index as it is.
  return command(["skopeo", "copy", "--quiet", "--all", "--preserve-digests", ...tls, source, destination]);
};

/** The digest of what a registry has under a name, counted here from the bytes that it sends. */
async function digestOf(target: Target, reference: string): Promise<string> {
  const tls = target.insecure === true ? ["--tls-verify=false"] : [];
  const raw = await command(["skopeo", "inspect", "--raw", ...tls, `docker://${reference}`]);
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}

async function copied(target: Target, source: string, destination: string): Promise<void> {
  await skopeo(target, source, `docker://${destination}`);
  const wanted = destination.includes("@") ? destination.split("@")[1] : source.split("@")[1];
  const found = await digestOf(target, destination);
  if (found !== wanted) throw new Error(`the registry has ${found} as ${destination}, not ${wanted}`);
}

/** Pushes by digest. Gives the reference. */
export async function push(target: Target, image: Image, layout: string): Promise<string> {
  const reference = `${target.repository}@${image.digest}`;
  await copied(target, `oci:${layout}`, reference);
  return reference;
}

/** Lets a tag name an image that has been pushed. */
export async function tag(target: Target, digest: string, name: string): Promise<void> {
  if (!tagForm.test(name)) throw new Error(`"${name}" is no tag: use a commit's 40 hex digits, or a version`);
  await copied(target, `docker://${target.repository}@${digest}`, `${target.repository}:${name}`);
}

async function main([what, name = ""]: readonly string[]): Promise<void> {
  // Owners may have capitals, image names may not.
  const target = { repository: given("IMAGE").toLowerCase() };
  const layout = layoutOf(name);
  const image = await readLayout(name, layout);
  if (image.digest !== given("DIGEST"))
    throw new Error(`${layout} holds ${image.digest}, which was not scanned`);
  if (what === "push") {
    await command(["cosign", "sign", "--yes", "--recursive", await push(target, image, layout)]);
    output("repository", target.repository);
    for (const { platform, digest } of image.platforms) output(platform.replace("linux/", ""), digest);
    // What deployments name: the tag for people, the digest for machines.
    output("reference", `${target.repository}:${given("VERSION")}@${image.digest}`);
  } else if (what === "tag") await tag(target, image.digest, given("VERSION"));
  else throw new Error("say what to do: push <name>, or tag <name>");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
