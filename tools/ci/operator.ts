// `node tools/ci/operator.ts`: opens the pull request that sets the operator's image in deploy/operator to the released
// IMAGE, from the tree in the current folder. Merging the pull request deploys the release: Argo CD syncs main.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requiredEnv } from "./outputs.ts";
import { script } from "../script.ts";
import { type PullRequest, findBranch, propose, rollOut } from "./pullrequest.ts";

/** The file that names the operator's image. */
export const operatorFile = "deploy/operator/kustomization.yaml";

/** The lines of the image. Kubernetes pulls by digest; the tag is for readers. */
const lines = /^( +newName: )(.+)\n( +newTag: )(.+)\n(?: +digest: (.+)\n)?/m;

/** The kustomization with another version of the image. Throws if the image has another name, or no digest. */
export function withOperator(text: string, image: string): string {
  const [, name, tag, digest] = /^([^@]+):(\w[\w.-]*)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (digest === undefined) throw new Error(`"${image}" is not name:tag@sha256:<64 hex digits>`);
  const [, , current] = lines.exec(text) ?? [];
  if (current !== name) throw new Error(`${operatorFile} runs ${current ?? "no image"}, not ${name}`);
  return text.replace(lines, `$1${name}\n$3${tag}\n    digest: ${digest}\n`);
}

function pullRequestOf(image: string): PullRequest {
  const version = image.split("@")[0]?.split(":").at(-1) ?? "";
  return {
    file: operatorFile,
    branch: "release/operator",
    title: `Run operator ${version}`,
    body: [
      `Sets the image in \`deploy/operator\` to \`${image}\`. The release of ${version} has built, scanned, signed and attested the image.`,
      "",
      rollOut,
    ].join("\n"),
  };
}

async function main(image: string, folder: string): Promise<void> {
  const file = join(folder, operatorFile);
  const text = readFileSync(file, "utf8");
  const next = withOperator(text, image);
  if (next === text) return console.log(`  deploy/operator already runs ${image}`);
  writeFileSync(file, next);
  const request = pullRequestOf(image);
  await propose(request, await findBranch(request.branch, folder), folder);
}

if (import.meta.main) await script(() => main(requiredEnv("IMAGE"), process.cwd()));
