import { describe, expect, test } from "@jest/globals";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root, runs } from "./workflow.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const rules = read(".github/CODEOWNERS")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(/\s+/))
  .map(([pattern = "", ...owners]) => ({ pattern, owners }));

/** The owners of a file. The patterns are `*`, or a folder or a file from the top of the repository. */
const ownersOf = (file: string): readonly string[] =>
  rules.findLast(
    ({ pattern }) =>
      pattern === "*" || (pattern.endsWith("/") ? `/${file}`.startsWith(pattern) : `/${file}` === pattern),
  )?.owners ?? [];

const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** The files of this repository that a command runs, also through npm scripts. */
const programsIn = (run: string): readonly string[] => {
  const started = [...run.matchAll(/\bnpm (?:run )?(?:--?[\w-]+ )*([\w-]+)/g)].map(([, name = ""]) => name);
  const command = [run, ...started.map((name) => scripts[name] ?? "")].join("\n");
  return [...command.matchAll(/[\w./-]+\.(?:ts|mjs|sh)\b/g)].map(([file]) => file);
};

describe("CODEOWNERS", () => {
  test.each(rules.filter(({ pattern }) => pattern !== "*"))(
    "$pattern: is a path that exists",
    ({ pattern }) => {
      expect(pattern).toMatch(/^\/[^*]+$/);
      expect(statSync(join(root, pattern)).isDirectory()).toBe(pattern.endsWith("/"));
    },
  );

  // After `npm run fork` the teams have other names, or are one person: compare with the reviewers of accepted findings.
  const security = ownersOf(".trivyignore.yaml");
  const folders = [".github", "crds", "deploy/argocd", "deploy/namespaced", "deploy/operator"];
  const files = [
    ...folders.flatMap((folder) => globSync(`${folder}/**/*.*`, { cwd: root })),
    ...globSync("Dockerfile.*", { cwd: root }),
    ...runs.flatMap(({ run }) => programsIn(run)),
    "package.json",
    "package-lock.json",
    ".npmrc",
    ".ci/run",
  ];

  test("files that workflows and image builds run, and the operator's permissions: security reviews them", () => {
    expect(security).not.toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        ".github/workflows/ci.yaml",
        "tools/test.ts",
        "tools/ci/verify.ts",
        "Dockerfile.webapp",
        "deploy/operator/role.yaml",
      ]),
    );
    const others = files.filter((file) => !security.every((one) => ownersOf(file).includes(one)));
    expect(others).toEqual([]);
  });
});
