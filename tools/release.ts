// `npm run release -- prepare 0.2.0`: writes what the release of a version needs: the version in package.json, in the
// changelog and in deploy/, and the digests of the base images. Works on the tree in the current folder, which must have no
// uncommitted change. Nothing is committed. docs/pipeline.md has the steps after it.
import { readFileSync, writeFileSync } from "node:fs";
import { command, succeeds } from "./cluster/command.ts";
import { script } from "./script.ts";

/** The changelog with the unreleased changes below a version. Throws if there are none, or if the version is there. */
export function withSection(changelog: string, version: string, date: string): string {
  if (changelog.includes(`\n## ${version} `))
    throw new Error(`CHANGELOG.md has a section on ${version} already`);
  const [, unreleased = ""] = /^## Unreleased\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog) ?? [];
  if (unreleased.trim() === "")
    throw new Error('CHANGELOG.md has no text below "## Unreleased": say what changes for users');
  return changelog.replace("## Unreleased\n", `## Unreleased\n\n## ${version} (${date})\n`);
}

/** Throws unless a version is valid and not lower than the present one. */
export function requireNext(version: string, present: string): void {
  const [, ...next] = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/.exec(version) ?? [];
  if (next.length === 0) throw new Error(`"${version}" is not a version such as 0.2.0`);
  const current = present.split("-")[0]?.split(".") ?? [];
  const [higher, lower] = [next, current].map((parts) =>
    parts.map((part) => part.padStart(9, "0")).join("."),
  );
  if (String(higher) < String(lower))
    throw new Error(`${version} is lower than ${present}, the version in package.json`);
}

/** The Dockerfile with the digest of each base image that has none. */
async function withDigests(dockerfile: string): Promise<string> {
  let text = dockerfile;
  for (const [line, name, image] of dockerfile.matchAll(/^ARG (\w+_IMAGE)=([^@\s]+)$/gm)) {
    const inspect = ["skopeo", "inspect", "--no-tags", "--format", "{{.Digest}}", `docker://${image}`];
    const digest = (await command(inspect).catch((error: Error) => error.message)).trim();
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      throw new Error(`can't read the digest of ${image} with skopeo (apt-get install skopeo): ${digest}`);
    text = text.replace(line, `ARG ${name}=${image}@${digest}`);
  }
  return text;
}

/** A file, and its text for the release. */
type Edit = readonly [file: string, text: string];

async function editsFor(version: string): Promise<readonly Edit[]> {
  const read = (file: string): string => readFileSync(file, "utf8");
  const replaced = (file: string, pattern: RegExp): Edit => [
    file,
    read(file).replace(pattern, `$1${version}`),
  ];
  const dockerfile = async (program: string): Promise<Edit> => {
    const file = `Dockerfile.${program}`;
    return [file, (await withDigests(read(file))).replace(/^(ARG VERSION=).*/m, `$1${version}`)];
  };
  return [
    ["CHANGELOG.md", withSection(read("CHANGELOG.md"), version, new Date().toISOString().slice(0, 10))],
    replaced("deploy/operator/kustomization.yaml", /^( +newTag: ).*/m),
    replaced("deploy/webapp/base/demoapp.yaml", /^( +image: .*:).*/m),
    await dockerfile("operator"),
    await dockerfile("webapp"),
  ];
}

async function prepare(version: string): Promise<void> {
  const { version: present } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  requireNext(version, present);
  if ((await command(["git", "status", "--porcelain"])) !== "")
    throw new Error("the tree has uncommitted changes: commit them first");
  if (await succeeds(["git", "rev-parse", "--quiet", "--verify", `refs/tags/v${version}`]))
    throw new Error(`the tag v${version} exists already`);
  const edits = await editsFor(version);
  // npm changes the lock file too. Edits are written only if everything else has succeeded.
  await command(["npm", "version", version, "--no-git-tag-version", "--allow-same-version"]);
  for (const [file, text] of edits) writeFileSync(file, text);
  console.log(`  ✓ version ${version} in package.json, CHANGELOG.md, deploy/ and the Dockerfiles
  Next:
    git switch -c release-${version} && git commit -am "Release ${version}" && git push -u origin HEAD
    gh pr create --fill      # merge it, and wait until ci-ok of the merged commit is green
    git fetch origin && git tag v${version} <the merged commit> && git push origin v${version}`);
}

if (import.meta.main)
  await script(() => {
    const [action, version = ""] = process.argv.slice(2);
    if (action !== "prepare") throw new Error("name the action and the version: prepare 0.2.0");
    return prepare(version);
  });
