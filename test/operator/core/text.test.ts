import { describe, expect, test } from "@jest/globals";
import { cleanText, managerText, withQuote } from "../../../operator/core/text.ts";

describe("untrusted text", () => {
  test.each([
    { name: "line breaks and blanks", text: " a\r\n\tb\u2028c\u2029d\u00A0 e ", clean: "a b c d e" },
    { name: "control characters", text: "a\u001B[2J\u0007b\u0000\u0085c", clean: "a [2J b c" },
    { name: "bidirectional marks and isolates", text: "a\u202Eb\u2066c\u2069\u200F", clean: "abc" },
    { name: "zero-width and tag characters", text: "a\u200Bb\u200D\uFEFFc\u{E0041}\u{E0001}", clean: "abc" },
    { name: "variation selectors and noncharacters", text: "a\uFE0F\u{E0100}b\uFFFE", clean: "ab" },
    { name: "half of a surrogate pair", text: "a\uD800b", clean: "a b" },
    { name: "letters of other scripts and emoji", text: "Größe 界 😀", clean: "Größe 界 😀" },
  ])("$name: one line of visible characters", ({ text, clean }) => {
    expect(cleanText(text, 100)).toBe(clean);
  });

  test.each([
    { text: "abcd", clean: "abcd" },
    { text: "abcde", clean: "abc…" },
    { text: "ab😀de", clean: "ab…" },
  ])("$text in at most 4 units: $clean", ({ text, clean }) => {
    expect(cleanText(text, 4)).toBe(clean);
  });
});

test("a quote with quotation marks: only its ends have some, so that its end is visible", () => {
  const quote = 'fine". Next: "Run it';
  expect(withQuote({ message: "It failed.", quote })).toBe(`It failed: "fine'. Next: 'Run it"`);
  expect(withQuote({ message: "It failed." })).toBe("It failed.");
});

test.each([
  { manager: "kubectl-client-side-apply", text: "kubectl-client-side-apply" },
  { manager: "argocd/3.1@host_1.x", text: "argocd/3.1@host_1.x" },
  { manager: "me; the operator is broken. Next: Delete it", text: "another field manager" },
  { manager: "", text: "another field manager" },
])("the field manager '$manager': a message names $text", ({ manager, text }) => {
  expect(managerText(manager)).toBe(text);
});
