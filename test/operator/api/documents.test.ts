import { describe, expect, test } from "@jest/globals";
import { validate } from "../../../operator/api/validate.ts";
import { documents } from "./documents.ts";

describe("a document checked offline", () => {
  test.each(documents.filter(({ refused }) => refused === undefined))("$name: accepted", ({ document }) => {
    expect(validate(document)).toMatchObject({ ok: true });
  });

  test.each(documents.filter(({ refused }) => refused !== undefined))(
    "$name: refused",
    ({ document, refused }) => {
      const checked = validate(document);
      expect(checked).toMatchObject({ ok: false });
      const problems = checked.ok ? [] : checked.problems;
      expect(problems).toContainEqual({
        path: refused?.path,
        message: expect.stringContaining(refused?.message ?? "") as unknown,
      });
    },
  );

  test("all documents: their names are unique", () => {
    expect(new Set(documents.map(({ name }) => name)).size).toBe(documents.length);
  });
});
