/** The workflows as data, for the tests of their rules. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const root = join(import.meta.dirname, "../..");
const folder = join(root, ".github/workflows");

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly name?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly environment?: { readonly name: string; readonly deployment: boolean };
  readonly strategy?: { readonly matrix: { readonly include?: readonly Readonly<Record<string, string>>[] } };
  readonly steps?: readonly Step[];
}

export interface Workflow {
  /** The name of the file. */
  readonly file: string;
  readonly text: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly concurrency?: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

export const workflows: readonly Workflow[] = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), "utf8");
  return { ...(parse(text) as Omit<Workflow, "file" | "text">), file, text };
});

/** A workflow, by the name of its file. */
export function workflow(file: string): Workflow {
  const found = workflows.find((one) => one.file === file);
  if (found === undefined) throw new Error(`.github/workflows/${file} is missing`);
  return found;
}

/** A job of a workflow, by its key. */
export function jobOf(file: string, key: string): Job {
  const job = workflow(file).jobs[key];
  if (job === undefined) throw new Error(`${file} has no job ${key}`);
  return job;
}

/** Every job. `path` is, for example, `ci.yaml lint`. */
export const jobs: readonly { readonly path: string; readonly job: Job }[] = workflows.flatMap(
  ({ file, jobs }) => Object.entries(jobs).map(([key, job]) => ({ path: `${file} ${key}`, job })),
);

/** Every step that runs a command. */
export const runs: readonly { readonly path: string; readonly run: string }[] = jobs.flatMap(
  ({ path, job }) =>
    (job.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [{ path, run: run.trim() }])),
);

/** The keys of the jobs that a job needs. */
export const needsOf = ({ needs = [] }: Job): readonly string[] =>
  typeof needs === "string" ? [needs] : needs;
