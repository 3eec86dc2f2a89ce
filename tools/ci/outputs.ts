/** What the scripts that GitHub Actions runs have in common: how they hand something on. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Hands a value to later steps and jobs; beside Actions it is shown only. */
export function output(name: string, value: string): void {
  if (/[\r\n]/.test(value)) throw new Error(`output ${name} has more than one line`);
  console.log(`  ${name}=${value}`);
  const file = process.env.GITHUB_OUTPUT;
  if (file !== undefined) appendFileSync(file, `${name}=${value}\n`);
}

/** An environment variable that the workflow sets; throws if it doesn't. */
export function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`the environment variable ${name} is needed`);
  return value;
}

export const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Runs a script's work; what it throws is a sentence for people and the exit code 1. */
export async function script(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
