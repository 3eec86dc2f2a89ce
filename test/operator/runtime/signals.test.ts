import { expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const operator = join(import.meta.dirname, "../../../operator");

/** Runs a program that imports the signal handlers. Resolves with its exit code. */
async function exitCodeOf(program: string): Promise<unknown> {
  const module = JSON.stringify(join(operator, "runtime/signals.ts"));
  const text = `import { onShutDown } from ${module};\n${program}\nsetTimeout(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], { stdio: "inherit" });
  const [code] = await once(child, "close");
  return code;
}

const signal = 'process.kill(process.pid, "SIGTERM");';

test.each([
  ["the program is not set up yet", signal, 0],
  ["the shutdown succeeds", `onShutDown(async () => undefined); ${signal}`, 0],
  ["the shutdown fails", `onShutDown(async () => { throw new Error("no"); }); ${signal}`, 1],
  [
    "the shutdown hangs and a second signal comes",
    `onShutDown((name) => { ${signal} return new Promise(() => undefined); }); ${signal}`,
    1,
  ],
])("SIGTERM when %s: the process exits", async (_, program, code) => {
  expect(await exitCodeOf(program)).toBe(code);
});

test("the operator's main module imports the signal handlers before all other modules", () => {
  const [first] = readFileSync(join(operator, "main.ts"), "utf8").split("\n");
  expect(first).toContain("./runtime/signals.ts");
});
