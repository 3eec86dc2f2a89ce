import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { clusterFor } from "../../../tools/cluster/provider.ts";

const main = join(import.meta.dirname, "../../../tools/demo/main.ts");

interface Told {
  readonly code: number | null;
  /** All that it printed, line by line. */
  readonly lines: readonly string[];
}

/** Tells a story once, on a cluster of its own, as `npm run demo` does where there is no terminal. */
export async function tell(cluster: string, ...flags: readonly string[]): Promise<Told> {
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

/** What every story that went well has in common; `scenes` are their titles. */
export async function expectTold({ code, lines }: Told, cluster: string, scenes: readonly RegExp[]) {
  // The whole of it, so that a failure shows what the story said last.
  expect(code === 0 ? "" : lines.slice(-60).join("\n")).toBe("");
  expect(lines.at(-1)).toMatch(/^demo: ok in \d+s$/);
  const titles = lines.flatMap((line) => /^\d+\. .*/.exec(line)?.[0] ?? []);
  expect(titles).toEqual(scenes.map((scene) => expect.stringMatching(scene)));
  expect(await (await clusterFor(cluster, "node")).status()).toMatchObject({ state: "down" });
}
