// `npm run fork -- --owner X --repo Y [--personal]`: makes this tree the tree of another repository: replaces the owner and
// the name of the repository in every file that names them. `--personal` is for an account without teams. Names of images,
// namespaces and objects stay. Run it again for another owner. Nothing is committed.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { script } from "./script.ts";

/** A repository on GitHub. `personal`: its owner is a user, not an organization with teams. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  readonly personal: boolean;
}

/** The file that names the repository. Tests compare all other files with it. */
const settings = "deploy/argocd/apps/settings.yaml";

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The text with another owner and name of the repository. `from` is how the text names them. */
export function forked(text: string, from: Omit<Repository, "personal">, to: Repository): string {
  const [owner, name] = [escaped(from.owner), escaped(from.name)];
  const reviewers = (line: string): string => [...new Set(line.split(" "))].join(" ");
  return (
    text
      // Image names must be lower case.
      .replaceAll(new RegExp(`ghcr\\.io/${owner}/`, "gi"), `ghcr.io/${to.owner.toLowerCase()}/`)
      // Not in the name of an image, such as ghcr.io/acme/demoapp-operator.
      .replaceAll(
        new RegExp(`(?<!ghcr\\.io/|[\\w-])${owner}/${name}(?![\\w-])`, "g"),
        `${to.owner}/${to.name}`,
      )
      // Reviewers. Teams exist in organizations only; the first team reviews what a person has reviewed.
      .replaceAll(new RegExp(`@${owner}(?:/([\\w-]+))?(?![\\w/-])`, "g"), (_, team: string = "platform") =>
        to.personal ? `@${to.owner}` : `@${to.owner}/${team}`,
      )
      .replaceAll(/^.* @.*$/gm, (line) => (line.includes(`@${to.owner}`) ? reviewers(line) : line))
      // The group of a login provider.
      .replaceAll(new RegExp(`\\b${owner}:(?=sre\\b)`, "g"), `${to.owner}:`)
  );
}

/** Changes every tracked file in the current folder, except tests, whose owner is an example. Returns the changed files. */
function fork(to: Repository): readonly string[] {
  const [, owner = "", name = ""] =
    /repoURL: \S*[/:]([\w.-]+)\/([\w.-]+?)(?:\.git)?\s/.exec(readFileSync(settings, "utf8")) ?? [];
  if (owner === "") throw new Error(`${settings} has no repoURL that ends with an owner and a name`);
  const tracked = execFileSync("git", ["ls-files", "-z", "--", ":!test", ":!package-lock.json"], {
    encoding: "utf8",
  });
  return tracked.split("\0").filter((file) => {
    if (file === "") return false;
    const text = readFileSync(join(process.cwd(), file), "utf8");
    const changed = forked(text, { owner, name }, to);
    if (changed !== text) writeFileSync(file, changed);
    return changed !== text;
  });
}

if (import.meta.main)
  await script(() => {
    const text = { type: "string" } as const;
    const {
      owner = "",
      repo = "",
      personal = false,
    } = parseArgs({
      options: { owner: text, repo: text, personal: { type: "boolean" } },
    }).values;
    for (const [option, value] of Object.entries({ owner, repo }))
      if (!/^[\w.-]+$/.test(value))
        throw new Error(`--${option} must be a name, as in --owner acme --repo my-apps`);
    for (const file of fork({ owner, name: repo, personal })) console.log(`  ✓ ${file}`);
    console.log("  Next: git diff, commit, and docs/first-day.md.");
  });
