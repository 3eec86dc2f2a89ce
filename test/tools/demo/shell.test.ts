import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Screen } from "../../../tools/demo/screen.ts";
import { Shell, freePort } from "../../../tools/demo/shell.ts";

let shown = "";
let shell: Shell;

beforeEach(() => {
  shown = "";
  const screen = new Screen({ write: (text: string) => (shown += text) });
  shell = new Shell({ screen, cwd: tmpdir(), env: { GREETING: "hello" } });
});

afterEach(() => shell.stopAll());

test("what is shown is what runs: pipes, quotes and the given environment count", async () => {
  await expect(shell.show("printf '%s\\n' \"$GREETING\" | tr h H")).resolves.toBe("Hello\n");
  expect(shown).toBe("\n  $ printf '%s\\n' \"$GREETING\" | tr h H\n  Hello\n");
});

test("a command that fails says why", async () => {
  await expect(shell.show("echo broken >&2; exit 3")).rejects.toThrow(/exit 3[^]*broken/);
});

test("a command reads what it is given", async () => {
  await expect(shell.quietly("cat", "text")).resolves.toBe("text");
});

test("a command that goes on is ready with its line, tells of the others, and is gone after stop", async () => {
  const lines: string[] = [];
  const running = await shell.start("sh -c 'echo one; echo ready $$; exec sleep 60'", {
    ready: /^ready/,
    onLine: (line) => lines.push(line),
  });
  const pid = Number(running.readyLine.split(" ")[1]);
  expect(lines).toEqual(["one", running.readyLine]);
  expect(process.kill(pid, 0)).toBe(true);
  await running.stop();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("one that ends before it is ready fails with its last words", async () => {
  const start = shell.start("sh -c 'echo port is taken >&2; exit 1'", { ready: /^ready/ });
  await expect(start).rejects.toThrow(/did not start:\n {4}port is taken/);
});

test("a port that is taken is left alone", async () => {
  const server = createServer();
  const taken = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  try {
    const other = await freePort(taken);
    expect(other).not.toBe(taken);
    await expect(freePort(other)).resolves.toBe(other);
  } finally {
    server.close();
  }
});
