import { describe, expect, test } from "@jest/globals";
import { validate } from "../../../operator/api/validate.ts";
import { documents } from "./documents.ts";

describe("a document checked offline", () => {
  test.each(documents.filter(({ refused }) => refused === undefined))("$name is accepted", ({ document }) => {
    expect(validate(document)).toMatchObject({ ok: true });
  });

  test.each(documents.filter(({ refused }) => refused !== undefined))(
    "$name is refused",
    ({ document, refused }) => {
      const checked = validate(document);
      expect(checked).toMatchObject({ ok: false });
      const problems = checked.ok ? [] : checked.problems;
      expect(problems).toContainEqual({
        path: refused?.path,
        message: expect.stringContaining(refused?.says ?? "") as unknown,
      });
    },
  );

  test("no two documents have the same name", () => {
    expect(new Set(documents.map(({ name }) => name)).size).toBe(documents.length);
  });
});
