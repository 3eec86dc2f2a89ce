import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { clusterFor } from "../../../tools/cluster/provider.ts";

const main = join(import.meta.dirname, "../../../tools/demo/main.ts");

interface DemoRun {
  readonly code: number | null;
  /** The lines of its output. */
  readonly lines: readonly string[];
}

/** Runs `npm run demo -- --once` without a terminal, on a cluster of its own. */
export async function runDemo(cluster: string, ...flags: readonly string[]): Promise<DemoRun> {
  const argv = [main, "--once", "--name", cluster, ...flags];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { code, lines: text.trimEnd().split("\n") };
}

/** Expects that a run succeeded, ran exactly these steps and removed its cluster. */
export async function expectSteps({ code, lines }: DemoRun, cluster: string, steps: readonly RegExp[]) {
  // Compares the output, so that a failure shows the last lines.
  expect(code === 0 ? "" : lines.slice(-60).join("\n")).toBe("");
  expect(lines.at(-1)).toMatch(/^demo: ok in \d+s$/);
  const titles = lines.flatMap((line) => /^\d+\. .*/.exec(line)?.[0] ?? []);
  expect(titles).toEqual(steps.map((step) => expect.stringMatching(step)));
  expect(await (await clusterFor(cluster, "node")).status()).toMatchObject({ state: "down" });
}
