// `node tools/ci/changes.ts`: decides from the changed files which jobs of ci.yaml run. ci.yaml has no `paths` filters
// instead: a required check of a workflow that is filtered out stays pending forever.
import { command } from "../cluster/command.ts";
import { output } from "./outputs.ts";
import { script } from "../script.ts";

/** The file that a promotion changes: one line of one environment. Nothing is built from these files. */
const promoted = /^deploy\/webapp\/overlays\/[^/]+\/demoapp\.yaml$/;

/** Files from which Dockerfile.webapp builds the image. */
const webapp = /^(webapp\/|tools\/build\.mjs$|package(-lock)?\.json$|\.npmrc$|Dockerfile\.webapp$)/;

/** The work that a change requires. */
export interface Work {
  /** Tests, images and scans. Workflows and manifests are checked for every change. */
  readonly build: boolean;
  /** Whether the environment dev gets a new image of the web app. */
  readonly webapp: boolean;
}

/** The work that a change of these files requires. `undefined` is an unknown change, which requires all work. */
export const workFor = (files: readonly string[] | undefined): Work => ({
  build: files === undefined || files.length === 0 || files.some((file) => !promoted.test(file)),
  webapp: files === undefined || files.some((file) => webapp.test(file)),
});

/** The files that differ between HEAD and its merge base with `base`. Undefined if Git can't compare the commits. */
export async function changedFiles(base: string, folder: string): Promise<readonly string[] | undefined> {
  if (base === "") return undefined;
  const diff = ["git", "diff", "--name-only", "--no-renames", "-z", `${base}...HEAD`, "--"];
  const names = await command(diff, { cwd: folder }).catch(() => undefined);
  return names?.split("\0").filter(Boolean);
}

if (import.meta.main)
  await script(async () => {
    // A workflow_dispatch run has no base commit: compare with origin/main.
    const files = await changedFiles(process.env.BASE || "origin/main", process.cwd());
    const work = workFor(files);
    console.log(
      files === undefined
        ? "  changed files unknown: all jobs are needed"
        : `  ${files.length} changed files`,
    );
    output("build", String(work.build));
    output("webapp", String(work.webapp));
  });
