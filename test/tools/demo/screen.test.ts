import { afterEach, describe, expect, test } from "@jest/globals";
import { Screen } from "../../../tools/demo/screen.ts";

const escape = "\u001B[";

function screenOn(terminal: { readonly isTTY: boolean; readonly columns?: number }) {
  let text = "";
  const screen = new Screen({ ...terminal, write: (more: string) => (text += more) });
  return { screen, text: () => text };
}

/** A follow that sees these, one look after the other, and ends with the last. */
function looking(...seen: readonly string[]) {
  const rest = [...seen];
  return {
    what: "the end",
    deadlineMs: 10_000,
    look: () => Promise.resolve(rest.shift() ?? ""),
    line: (text: string) => text,
    done: () => rest.length === 0,
  };
}

afterEach(() => {
  delete process.env.NO_COLOR;
});

describe("the screen", () => {
  test("writes plain lines to a file or a pipe", () => {
    const { screen, text } = screenOn({ isTTY: false });
    screen.scene(1, "Start");
    screen.reasonMessage("", "Words.");
    screen.command("ls");
    screen.output("a\nb\n");
    screen.check("all is well", true);
    expect(text()).toBe("\n1. Start\n────────\n\n  Words.\n\n  $ ls\n  a\n  b\n  ✓ all is well\n");
  });

  test("has colour on a terminal, and none where NO_COLOR is set", () => {
    const coloured = screenOn({ isTTY: true });
    coloured.screen.check("all is well", true);
    expect(coloured.text()).toContain(escape);
    process.env.NO_COLOR = "1";
    const plain = screenOn({ isTTY: true });
    plain.screen.check("all is well", true);
    expect(plain.text()).toBe("  ✓ all is well\n");
  });

  test("a promise that is not kept ends the demo", () => {
    const { screen, text } = screenOn({ isTTY: false });
    expect(() => screen.check("2 pods are available", false)).toThrow(/isn't: 2 pods are available/);
    expect(text()).toBe("");
  });

  test("following prints a line a change, with the seconds since it began", async () => {
    const { screen, text } = screenOn({ isTTY: false });
    await expect(screen.follow(looking("one", "one", "two"))).resolves.toBe("two");
    expect(text()).toMatch(/^ +0\.\ds  one\n +0\.\ds  two\n$/);
  });

  test("on a terminal the time goes on in a line that is replaced and never wraps", async () => {
    const { screen, text } = screenOn({ isTTY: true, columns: 20 });
    process.env.NO_COLOR = "1";
    await screen.follow(looking("a long line of text", "a long line of text", "end"));
    const [, live = ""] = text().split(`\r${escape}K`);
    expect(live).toHaveLength(19);
    expect(text()).toMatch(/end\n$/);
  });

  test("following gives up at the deadline and says what did not happen", async () => {
    const { screen } = screenOn({ isTTY: false });
    const never = { ...looking("one"), deadlineMs: 0, done: () => false };
    await expect(screen.follow(never)).rejects.toThrow("the end did not happen within 0 s");
  });
});
