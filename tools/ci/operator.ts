// `node tools/ci/operator.ts`: makes the pull request by which deploy/operator runs the released IMAGE, in the tree in
// the current folder. What is released is deployed only then: Argo CD syncs what main has.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { given, script } from "./outputs.ts";
import { type PullRequest, findBranch, propose } from "./request.ts";

/** Where the operator's image stands. */
export const operatorFile = "deploy/operator/kustomization.yaml";

/** The image's lines there: the tag is for people, the digest for machines. */
const lines = /^( +newName: )(.+)\n( +newTag: )(.+)\n(?: +digest: (.+)\n)?/m;

/** The kustomization with the image in place of the one it has. Throws if it isn't another version of the same. */
export function withOperator(text: string, image: string): string {
  const [, name, tag, digest] = /^([^@]+):(\w[\w.-]*)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (digest === undefined) throw new Error(`"${image}" is not name:tag@sha256:<64 hex digits>`);
  const [, , is] = lines.exec(text) ?? [];
  if (is !== name) throw new Error(`${operatorFile} runs ${is ?? "no image"}, not ${name}`);
  return text.replace(lines, `$1${name}\n$3${tag}\n    digest: ${digest}\n`);
}

function pullRequestOf(image: string): PullRequest {
  const version = image.split("@")[0]?.split(":").at(-1) ?? "";
  return {
    file: operatorFile,
    branch: "release/operator",
    title: `Run operator ${version}`,
    body: [
      `\`deploy/operator\` gets \`${image}\`, which the release of ${version} has built, scanned, signed and attested.`,
      "",
      "Merge it to roll out; Argo CD syncs within minutes. To go back: `git revert` of the merged commit.",
    ].join("\n"),
  };
}

async function main(image: string, folder: string): Promise<void> {
  const file = join(folder, operatorFile);
  const text = readFileSync(file, "utf8");
  const next = withOperator(text, image);
  if (next === text) return console.log(`  deploy/operator runs ${image} already`);
  writeFileSync(file, next);
  const request = pullRequestOf(image);
  await propose(request, await findBranch(request.branch, folder), folder);
}

if (import.meta.main) await script(() => main(given("IMAGE"), process.cwd()));
