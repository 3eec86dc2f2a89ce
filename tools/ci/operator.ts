// `node tools/ci/operator.ts`: opens the pull request that makes Argo CD run a release of the operator, from the tree in
// the current folder: the commit REVISION of the release TAG, with its IMAGE. Merging the pull request deploys the CRD, the
// permissions and the image together. An older release replaces neither the one that runs nor the proposed one.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";
import { type PullRequest, findBranch, isAncestor, propose, proposedIn, rollOut } from "./pullrequest.ts";

/** The file that names the release that Argo CD runs. */
const settingsFile = "deploy/argocd/apps/settings.yaml";

/** The branch of the one pull request. */
const branchName = "release/operator";

/** The folders that a release brings to the cluster. */
const released = ["crds", "deploy/operator", "deploy/namespaced", "deploy/argocd/operator"];

/** The lines of the release: its commit, with the tag as a comment, and its image. */
const lines = /^( +operatorRevision: )"(.+)".*\n( +operatorImage: )(.+)$/m;

/** The commit of the release that settings name. Empty if there is none. */
const revisionIn = (text: string): string => lines.exec(text)?.[2] ?? "";

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
  const branch = await findBranch(branchName, folder);
  const current = revisionIn(text);
  const proposed = revisionIn((await proposedIn(settingsFile, branch, folder)) ?? "");
  for (const other of [current, proposed])
    if (await isAncestor(release.revision, other, folder))
      return console.log(`  ${release.tag} is older than ${other}`);
  const changes = await changesSince(current, release.revision, folder);
  writeFileSync(file, next);
  const request: PullRequest = {
    file: settingsFile,
    branch: branchName,
    title: `Run operator ${release.tag.slice(1)}`,
    body: [
      `Argo CD runs the operator of ${release.tag} (${release.revision}) with \`${release.image}\`. The release has built, scanned, signed and attested the image.`,
      changes,
      rollOut,
    ].join("\n\n"),
  };
  await propose(request, branch, folder);
}

if (import.meta.main)
  await script(() =>
    main(
      { image: requiredEnv("IMAGE"), revision: requiredEnv("REVISION"), tag: requiredEnv("TAG") },
      process.cwd(),
    ),
  );
