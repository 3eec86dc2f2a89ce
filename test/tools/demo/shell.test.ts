import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Screen } from "../../../tools/demo/screen.ts";
import { Shell } from "../../../tools/demo/shell.ts";

let shown = "";
let shell: Shell;

beforeEach(() => {
  shown = "";
  const screen = new Screen({ write: (text: string) => (shown += text) });
  shell = new Shell({ screen, cwd: tmpdir(), env: { GREETING: "hello" } });
});

afterEach(() => shell.stopAll());

test("a command with pipes and quotes: prints and runs the same text, in the given environment", async () => {
  await expect(shell.show("printf '%s\\n' \"$GREETING\" | tr h H")).resolves.toBe("Hello\n");
  expect(shown).toBe("\n  $ printf '%s\\n' \"$GREETING\" | tr h H\n  Hello\n");
});

test("a command fails: rejects with its exit code and standard error", async () => {
  await expect(shell.show("echo broken >&2; exit 3")).rejects.toThrow(/exit 3[^]*broken/);
});

test("an input is given: the command reads it from standard input", async () => {
  await expect(shell.quietly("cat", "text")).resolves.toBe("text");
});

test("a command keeps running: start passes on its lines and waits for readiness, stop ends it", async () => {
  const lines: string[] = [];
  const running = await shell.start("sh -c 'echo one; echo ready $$; exec sleep 60'", /^ready/, (line) =>
    lines.push(line),
  );
  const pid = Number(running.readyLine.split(" ")[1]);
  expect(lines).toEqual(["one", running.readyLine]);
  expect(process.kill(pid, 0)).toBe(true);
  await running.stop();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("a command ends before it is ready: start rejects with its last output", async () => {
  const start = shell.start("sh -c 'echo port is taken >&2; exit 1'", /^ready/);
  await expect(start).rejects.toThrow(/did not start:\n {4}port is taken/);
});

test("stopAll runs while a command is starting: the command ends and start rejects", async () => {
  const start = shell.start("sleep 60", /^ready/);
  await shell.stopAll();
  await expect(start).rejects.toThrow("did not start");
});
