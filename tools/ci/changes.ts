// `node tools/ci/changes.ts`: says what a push or a pull request needs, from the files that it changes. There are
// no `paths` filters in ci.yaml: a required check of a workflow that was filtered out would wait for ever.
import { execFileSync } from "node:child_process";
import { output, script } from "./outputs.ts";

/** What a promotion changes: one line of one of these. Nothing is built from them. */
const promoted = /^deploy\/webapp\/overlays\/[^/]+\/demoapp\.yaml$/;

/** What Dockerfile.webapp copies into its build, and itself. */
const webapp = /^(webapp\/|tools\/build\.mjs$|package(-lock)?\.json$|\.npmrc$|Dockerfile\.webapp$)/;

/** What has to be done for a change of these files. */
export interface Needs {
  /** Tests, images and scans; without them the checks of manifests and workflows remain. */
  readonly build: boolean;
  /** Whether dev gets a new web app from it. */
  readonly webapp: boolean;
}

/** What a change of these files needs; one that can't be told (`undefined`) needs all of it. */
export const needsOf = (files: readonly string[] | undefined): Needs => ({
  build: files === undefined || files.length === 0 || files.some((file) => !promoted.test(file)),
  webapp: files === undefined || files.some((file) => webapp.test(file)),
});

const isCommit = (name: string): boolean => name !== "" && !/^0+$/.test(name);

/** The files that HEAD changes against where it left `base`; undefined if Git can't say. */
export function changedFiles(base: string, folder: string): readonly string[] | undefined {
  if (!isCommit(base)) return undefined;
  try {
    const argv = ["diff", "--name-only", "--no-renames", "-z", `${base}...HEAD`, "--"];
    const names = execFileSync("git", argv, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return names.split("\0").filter(Boolean);
  } catch {
    return undefined;
  }
}

if (import.meta.main)
  await script(() => {
    // A run that was started by hand, or for a promotion's branch, is held against main.
    const files = changedFiles(process.env.BASE || "origin/main", process.cwd());
    const needs = needsOf(files);
    console.log(
      files === undefined ? "  all of it: Git can't tell what changed" : `  ${files.length} files changed`,
    );
    output("build", String(needs.build));
    output("webapp", String(needs.webapp));
  });
