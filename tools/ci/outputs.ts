/** Shared by the scripts of the workflows: inputs, outputs and the job summary. */
import { appendFileSync, readFileSync } from "node:fs";

/** Sets an output of the workflow step, for later steps and jobs. Outside GitHub Actions it is only printed. */
export function output(name: string, value: string): void {
  if (/[\r\n]/.test(value)) throw new Error(`output ${name} has more than one line`);
  console.log(`  ${name}=${value}`);
  const file = process.env.GITHUB_OUTPUT;
  if (file !== undefined) appendFileSync(file, `${name}=${value}\n`);
}

/** Appends Markdown to the job's summary, which GitHub shows on the page of the run. Otherwise prints it. */
export function summarize(markdown: string): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file === undefined) console.log(markdown);
  else appendFileSync(file, `${markdown}\n\n`);
}

/** An environment variable that the workflow must set. Throws if it is missing or empty. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`the environment variable ${name} is required`);
  return value;
}

export const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
