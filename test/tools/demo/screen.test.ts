import { afterEach, describe, expect, test } from "@jest/globals";
import { Screen } from "../../../tools/demo/screen.ts";

const escape = "\u001B[";

function screenOn(terminal: { readonly isTTY: boolean; readonly columns?: number }) {
  let text = "";
  const screen = new Screen({ ...terminal, write: (more: string) => (text += more) });
  return { screen, text: () => text };
}

/** Polls that return these states in order; the last state ends the polling. */
function polling(...states: readonly string[]) {
  const rest = [...states];
  return {
    what: "the end",
    deadlineMs: 10_000,
    poll: () => Promise.resolve(rest.shift() ?? ""),
    line: (text: string) => text,
    done: () => rest.length === 0,
  };
}

afterEach(() => {
  delete process.env.NO_COLOR;
});

describe("the screen", () => {
  test("output is a file or a pipe: writes plain lines", () => {
    const { screen, text } = screenOn({ isTTY: false });
    screen.step(1, "Start");
    screen.text("", "A line.");
    screen.command("ls");
    screen.output("a\nb\n");
    screen.check("every pod is ready", true);
    expect(text()).toBe("\n1. Start\n────────\n\n  A line.\n\n  $ ls\n  a\n  b\n  ✓ every pod is ready\n");
  });

  test("output is a terminal: uses colour, unless NO_COLOR is set", () => {
    const coloured = screenOn({ isTTY: true });
    coloured.screen.check("every pod is ready", true);
    expect(coloured.text()).toContain(escape);
    process.env.NO_COLOR = "1";
    const plain = screenOn({ isTTY: true });
    plain.screen.check("every pod is ready", true);
    expect(plain.text()).toBe("  ✓ every pod is ready\n");
  });

  test("a checked statement is not true: throws and prints nothing", () => {
    const { screen, text } = screenOn({ isTTY: false });
    expect(() => screen.check("2 pods are available", false)).toThrow(/not true: 2 pods are available/);
    expect(text()).toBe("");
  });

  test("polls a state: prints one line for each change, with the seconds since the first poll", async () => {
    const { screen, text } = screenOn({ isTTY: false });
    await expect(screen.follow("state", polling("one", "one", "two"))).resolves.toBe("two");
    expect(text()).toMatch(/^\n +time  state\n +0\.\ds  one\n +0\.\ds  two\n$/);
  });

  test("the state does not change on a terminal: replaces a line that never wraps", async () => {
    const { screen, text } = screenOn({ isTTY: true, columns: 20 });
    process.env.NO_COLOR = "1";
    await screen.follow("state", polling("a long line of text", "a long line of text", "end"));
    const [, live = ""] = text().split(`\r${escape}K`);
    expect(live).toHaveLength(19);
    expect(text()).toMatch(/end\n$/);
  });

  test("only the counters change: prints no line", async () => {
    const { screen, text } = screenOn({ isTTY: false });
    let requests = 0;
    const counters = () => ` ${(requests += 1)} requests`;
    await screen.follow("state", { ...polling("one", "one", "two"), counters });
    expect(text()).toMatch(/s  one 1 requests\n.*s  two 3 requests\n$/);
  });

  test("the deadline passes: rejects with what did not happen", async () => {
    const { screen } = screenOn({ isTTY: false });
    const never = { ...polling("one"), deadlineMs: 0, done: () => false };
    await expect(screen.follow("state", never)).rejects.toThrow("the end did not happen within 0 s");
  });
});
