// `node tools/ci/operator.ts`: opens the pull request that makes Argo CD run a release of the operator, from the tree in
// the current folder: the commit REVISION of the release TAG, with its IMAGE. Merging the pull request deploys the CRD, the
// permissions and the image together.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";
import { type PullRequest, findBranch, propose, rollOut } from "./pullrequest.ts";

/** The file that names the release that Argo CD runs. */
const settingsFile = "deploy/argocd/apps/settings.yaml";

/** The folders that a release brings to the cluster. */
const released = ["crds", "deploy/operator", "deploy/argocd/operator"];

/** The lines of the release: its commit, with the tag as a comment, and its image. */
const lines = /^( +operatorRevision: )"(.+)".*\n( +operatorImage: )(.+)$/m;

/** A release of the operator. */
export interface Release {
  readonly image: string;
  /** The full commit. */
  readonly revision: string;
  readonly tag: string;
}

/** An image without its tag and digest. */
const nameOf = (image: string): string => image.replace(/(:[^/:@]+)?(@.*)?$/, "");

/** The settings with another release. Throws if the image has another name or no digest, or the commit is not full. */
export function withRelease(text: string, { image, revision, tag }: Release): string {
  if (!/^[^@\s]+:\w[\w.-]*@sha256:[0-9a-f]{64}$/.test(image))
    throw new Error(`"${image}" is not name:tag@sha256:<64 hex digits>`);
  if (!/^[0-9a-f]{40}$/.test(revision)) throw new Error(`"${revision}" is not a full commit`);
  if (!/^v[\w.-]+$/.test(tag)) throw new Error(`"${tag}" is not a tag such as v0.2.0`);
  const current = nameOf(lines.exec(text)?.[4] ?? "no image");
  if (nameOf(image) !== current) throw new Error(`${settingsFile} runs ${current}, not ${nameOf(image)}`);
  return text.replace(lines, `$1"${revision}" # ${tag}\n$3${image}`);
}

/** The files of the operator that differ between two releases, as a Markdown list for the reviewer. */
async function changesSince(old: string, revision: string, folder: string): Promise<string> {
  const known = await succeeds(["git", "-C", folder, "cat-file", "-e", `${old}^{commit}`]);
  if (!known)
    return "This is the first release that Argo CD runs: review `crds` and `deploy/operator` in full.";
  const diff = ["git", "diff", "--name-status", old, revision, "--", ...released];
  const changed = await command(diff, { cwd: folder });
  if (changed === "")
    return "Only the image changes: the CRD, the permissions and the manifests are the same.";
  return [
    `Besides the image, this changes (\`${diff.join(" ")}\`):`,
    "",
    "```",
    changed.trimEnd(),
    "```",
  ].join("\n");
}

async function main(release: Release, folder: string): Promise<void> {
  const file = join(folder, settingsFile);
  const text = readFileSync(file, "utf8");
  const next = withRelease(text, release);
  if (next === text) return console.log(`  Argo CD already runs ${release.tag}`);
  const changes = await changesSince(lines.exec(text)?.[2] ?? "", release.revision, folder);
  writeFileSync(file, next);
  const request: PullRequest = {
    file: settingsFile,
    branch: "release/operator",
    title: `Run operator ${release.tag.slice(1)}`,
    body: [
      `Argo CD runs the operator of ${release.tag} (${release.revision}) with \`${release.image}\`. The release has built, scanned, signed and attested the image.`,
      changes,
      rollOut,
    ].join("\n\n"),
  };
  await propose(request, await findBranch(request.branch, folder), folder);
}

if (import.meta.main)
  await script(() =>
    main(
      { image: requiredEnv("IMAGE"), revision: requiredEnv("REVISION"), tag: requiredEnv("TAG") },
      process.cwd(),
    ),
  );
