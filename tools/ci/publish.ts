// `node tools/ci/publish.ts push <name>`: pushes the scanned image in dist/<name>-image to IMAGE by its digest, without a
// tag, and signs the image. The signature is keyless: its certificate names the workflow.
// `node tools/ci/publish.ts tag <name>`: adds the tag TAG, after the attestations: every tagged image is signed. If TAG
// exists, as in a repeated run, `push` does nothing but report the published image: a tag is never moved.
import { createHash } from "node:crypto";
import { command } from "../cluster/command.ts";
import { type Image, layoutOf, readLayout } from "./layout.ts";
import { output, requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";

/** A repository in a registry. */
export interface Target {
  readonly repository: string;
  /** Without TLS: the registry of a test. */
  readonly insecure?: boolean;
}

/** Commits and versions. A tag such as `latest` doesn't identify an image. */
const tagForm = /^([0-9a-f]{40}|\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?)$/;

const skopeo = (target: Target, source: string, destination: string): Promise<string> => {
  const tls = target.insecure === true ? ["--dest-tls-verify=false", "--src-tls-verify=false"] : [];
  // --all copies every platform, and the index unchanged.
  return command(["skopeo", "copy", "--quiet", "--all", "--preserve-digests", ...tls, source, destination]);
};

/** The digest of a manifest in a registry, computed from the bytes that the registry sends. */
async function digestOf(target: Target, reference: string): Promise<string> {
  const tls = target.insecure === true ? ["--tls-verify=false"] : [];
  const raw = await command(["skopeo", "inspect", "--raw", ...tls, `docker://${reference}`]);
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}

/** Copies an image to the registry. Rejects if the registry then has another digest. */
async function copy(target: Target, source: string, destination: string): Promise<void> {
  await skopeo(target, source, `docker://${destination}`);
  const expected = destination.includes("@") ? destination.split("@")[1] : source.split("@")[1];
  const found = await digestOf(target, destination);
  if (found !== expected) throw new Error(`the registry has ${found} as ${destination}, not ${expected}`);
}

/** Pushes an image by its digest. Returns the reference. */
export async function push(target: Target, image: Image, layout: string): Promise<string> {
  const reference = `${target.repository}@${image.digest}`;
  await copy(target, `oci:${layout}`, reference);
  return reference;
}

/** The digest of a published tag. Undefined if the repository or the tag doesn't exist. */
export async function published(target: Target, name: string): Promise<string | undefined> {
  return digestOf(target, `${target.repository}:${name}`).catch((error: unknown) => {
    // GHCR answers "denied" or 403 "Forbidden" for a package that doesn't exist yet.
    if (/manifest unknown|name unknown|not found|denied|unauthorized|forbidden/i.test(String(error)))
      return undefined;
    throw error;
  });
}

/** Tags an image that has been pushed. Rejects if another image has the tag. */
export async function tag(target: Target, digest: string, name: string): Promise<void> {
  if (!tagForm.test(name))
    throw new Error(`"${name}" is not an allowed tag: use a commit of 40 hex digits, or a version`);
  const found = await published(target, name);
  if (found === digest) return;
  if (found !== undefined)
    throw new Error(
      `${target.repository}:${name} is ${found} and is not moved to ${digest}: use another version`,
    );
  await copy(target, `docker://${target.repository}@${digest}`, `${target.repository}:${name}`);
}

/** Pushes and signs an image, unless the tag exists. Sets the outputs for the attestations and for deployments. */
async function publish(target: Target, image: Image, layout: string): Promise<void> {
  const name = requiredEnv("TAG");
  const found = await published(target, name);
  if (found === undefined)
    await command(["cosign", "sign", "--yes", "--recursive", await push(target, image, layout)]);
  else console.log(`  ${target.repository}:${name} is published already`);
  output("pushed", String(found === undefined));
  output("repository", target.repository);
  for (const { platform, digest } of image.platforms) output(platform.replace("linux/", ""), digest);
  // Deployments name both: Kubernetes pulls by digest; the tag is for readers.
  output("reference", `${target.repository}:${name}@${found ?? image.digest}`);
}

async function main([action, name = ""]: readonly string[]): Promise<void> {
  // The name of an owner can have capitals, the name of an image can't.
  const target = { repository: requiredEnv("IMAGE").toLowerCase() };
  const layout = layoutOf(name);
  const image = await readLayout(name, layout);
  if (image.digest !== requiredEnv("DIGEST"))
    throw new Error(`${layout} has the image ${image.digest}, which was not scanned`);
  if (action === "push") await publish(target, image, layout);
  else if (action === "tag") await tag(target, image.digest, requiredEnv("TAG"));
  else throw new Error("name the action: push <name>, or tag <name>");
}

if (import.meta.main) await script(() => main(process.argv.slice(2)));
