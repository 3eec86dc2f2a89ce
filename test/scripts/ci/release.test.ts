import { expect, test } from "@jest/globals";
import { checksums, demandGreen, notesOf, publishing, versionOf } from "../../../scripts/ci/release.ts";

const changelog = `# Changelog

## Unreleased

Not yet.

## 0.2.0 (2026-11-24)

Faster.

- One thing.

### Fixed

- Another.

## [0.1.0]

The first version.
`;

test("a release's notes are what the changelog has below its version, to the next one", () => {
  expect(notesOf(changelog, "0.2.0")).toBe("Faster.\n\n- One thing.\n\n### Fixed\n\n- Another.\n");
  expect(notesOf(changelog, "0.1.0")).toBe("The first version.\n");
});

test.each(["0.3.0", "0.2", "0.20"])(
  "there is no release %s, of which the changelog says nothing",
  (version) => {
    expect(() => notesOf(changelog, version)).toThrow(`no text below "## ${version}"`);
  },
);

test("a release's tag is the package's version", () => {
  expect(versionOf("v0.2.0", "0.2.0")).toBe("0.2.0");
  expect(versionOf("v1.0.0-rc.1", "1.0.0-rc.1")).toBe("1.0.0-rc.1");
  expect(() => versionOf("v0.2.1", "0.2.0")).toThrow("package.json says 0.2.0");
  for (const tag of ["0.2.0", "v0.2", "vnext", "v0.2.0 "])
    expect(() => versionOf(tag, "0.2.0")).toThrow("no release tag");
});

test("only a commit whose ci-ok is green is released", () => {
  expect(() => demandGreen('{"check_runs":[{"conclusion":"success"}]}')).not.toThrow();
  expect(() => demandGreen('{"check_runs":[{"conclusion":"failure"}]}')).toThrow(
    "ci-ok of this commit is failure",
  );
  expect(() => demandGreen('{"check_runs":[{"conclusion":null}]}')).toThrow("is not there");
  expect(() => demandGreen('{"check_runs":[]}')).toThrow("is not there");
});

test("the checksums are as sha256sum reads them, in the order of the names", () => {
  const bytes = Buffer.from("hello\n");
  expect(
    checksums([
      { name: "b", bytes },
      { name: "a", bytes },
    ]),
  ).toBe(
    ["a", "b"]
      .map((name) => `5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  ${name}\n`)
      .join(""),
  );
});

test("a release carries every file but the notes, which are its text; an early one says that it is", () => {
  const argv = publishing("v1.0.0-rc.1", ["SHA256SUMS", "install.yaml", "notes.md"]);
  expect(argv.slice(-3)).toEqual([
    "--prerelease",
    expect.stringMatching(/dist\/release\/SHA256SUMS$/),
    expect.stringMatching(/dist\/release\/install.yaml$/),
  ]);
  expect(publishing("v1.0.0", [])).not.toContain("--prerelease");
});
