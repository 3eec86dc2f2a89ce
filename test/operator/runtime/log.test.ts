import { expect, test } from "@jest/globals";
import { createLogger, operatorLogger } from "../../../operator/runtime/log.ts";

const capture = (level: Parameters<typeof createLogger>[0]) => {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLogger(level, { write: (line: string) => void lines.push(JSON.parse(line)) }) };
};

test("a line: JSON with the level's name and an RFC 3339 time", () => {
  const { lines, log } = capture("info");
  log.info({ namespace: "shop", name: "web" }, "rolled out");
  log.debug("not shown");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      namespace: "shop",
      name: "web",
      msg: "rolled out",
    },
  ]);
});

test("fields that may contain a secret: redacted", () => {
  const { lines, log } = capture("info");
  log.info(
    { token: "s3cret", headers: { authorization: "Bearer s3cret" }, object: { data: { key: "s3cret" } } },
    "x",
  );
  expect(JSON.stringify(lines)).not.toContain("s3cret");
  expect(lines[0]).toMatchObject({ token: "[redacted]" });
});

test("messages of the base class: written to the same log", () => {
  const { lines, log } = capture("debug");
  const adapted = operatorLogger(log);
  adapted.debug("a");
  adapted.info("b");
  adapted.warn("c");
  adapted.error("d");
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ["debug", "a"],
    ["info", "b"],
    ["warn", "c"],
    ["error", "d"],
  ]);
});

test("text with control characters and line breaks: one line of JSON, so no text can imitate a second line", () => {
  const written: string[] = [];
  const log = createLogger("info", { write: (line: string) => void written.push(line) });
  const text = 'x\n{"level":"error"}\r\u001B[2J\u0007';
  log.info({ cause: text }, text);
  expect(written).toHaveLength(1);
  expect(written[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(written[0] ?? "")).toMatchObject({ cause: text, msg: text });
});
