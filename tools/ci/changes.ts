// `node tools/ci/changes.ts`: decides from the changed files which jobs of ci.yaml run. ci.yaml has no `paths` filters
// instead: a required check of a workflow that is filtered out stays pending forever.
import { join } from "node:path";
import { command, succeeds } from "../cluster/command.ts";
import { commitsIn, environments, fileOf } from "../promote.ts";
import { output, readJson } from "./outputs.ts";
import { script } from "../script.ts";

/** The file that a promotion changes: one line of one environment. Nothing is built from these files. */
const promoted = /^deploy\/webapp\/overlays\/[^/]+\/demoapp\.yaml$/;

/** Files that unit tests read, but from which nothing is built. */
const documentation = /^(docs\/|[^/]+\.md$|LICENSE$|\.github\/(CODEOWNERS$|[^/]+\.md$))/;

/** Files from which Dockerfile.webapp builds the image. */
const webapp = /^(webapp\/|tools\/build\.mjs$|package(-lock)?\.json$|\.npmrc$|Dockerfile\.webapp$)/;

/** The work that a change requires. Workflows and manifests are checked for every change. */
export interface Work {
  /** Unit tests. */
  readonly test: boolean;
  /** Tests on clusters, images and scans. */
  readonly build: boolean;
  /** Whether the environment dev gets a new image of the web app. */
  readonly webapp: boolean;
}

/** The work that a change of these files requires. `undefined` is an unknown change, which requires all work. */
export function workFor(files: readonly string[] | undefined): Work {
  if (files === undefined) return { test: true, build: true, webapp: true };
  const others = files.filter((file) => !promoted.test(file));
  const none = files.length === 0;
  return {
    test: none || others.length > 0,
    build: none || others.some((file) => !documentation.test(file)),
    webapp: files.some((file) => webapp.test(file)),
  };
}

/** The files that differ between HEAD and its merge base with `base`. Undefined if Git can't compare the commits. */
export async function changedFiles(base: string, folder: string): Promise<readonly string[] | undefined> {
  if (base === "") return undefined;
  const diff = ["git", "diff", "--name-only", "--no-renames", "-z", `${base}...HEAD`, "--"];
  const names = await command(diff, { cwd: folder }).catch(() => undefined);
  return names?.split("\0").filter(Boolean);
}

/**
 * The newest commit of main whose web app was offered to the first environment: main's history of its file, or the branch
 * of its pull request, names the image. Empty if there is none. A later commit offers the web app again if it has changed
 * since, also if the runs of the commits between have failed.
 */
async function offeredCommit(folder: string): Promise<string> {
  const [first] = environments;
  const git = (...args: readonly string[]): Promise<string> => command(["git", ...args], { cwd: folder });
  const branch = `refs/remotes/origin/promote/${first}`;
  const branches = (await succeeds(["git", "-C", folder, "rev-parse", "--quiet", "--verify", branch]))
    ? ["HEAD", branch]
    : ["HEAD"];
  const history = await git("log", "--format=", "--patch", ...branches, "--", fileOf(first));
  const commits = commitsIn(history);
  if (commits.length === 0) return "";
  const newest = ["rev-list", "--ignore-missing", "--topo-order", "--max-count=1"];
  return (await git(...newest, ...commits)).trim();
}

async function main(folder: string): Promise<void> {
  // A workflow_dispatch run has no base commit: compare with origin/main.
  const files = await changedFiles(process.env.BASE || "origin/main", folder);
  const work = workFor(files);
  // Only a commit of main offers its web app.
  const offers =
    process.env.GITHUB_EVENT_NAME === "push" &&
    workFor(await changedFiles(await offeredCommit(folder), folder)).webapp;
  console.log(
    files === undefined ? "  changed files unknown: all jobs are needed" : `  ${files.length} changed files`,
  );
  output("test", String(work.test || offers));
  output("build", String(work.build || offers));
  output("webapp", String(offers));
  // Build metadata, as SemVer calls it: the same image later gets the version as its tag.
  const { version } = readJson(join(folder, "package.json")) as { version: string };
  const commit = (await command(["git", "rev-parse", "HEAD"], { cwd: folder })).trim();
  output("version", `${version}+${commit.slice(0, 12)}`);
}

if (import.meta.main) await script(() => main(process.cwd()));
