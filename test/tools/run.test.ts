import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../tools/cluster/command.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Locked {
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test("package-lock.json: has the optional packages of every system, without which npm ci refuses the file", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, Locked> };
  const named = Object.entries(packages).flatMap(([folder, { optionalDependencies: optional = {} }]) =>
    Object.keys(optional).map((name) => [`${folder}/node_modules/${name}`, `node_modules/${name}`]),
  );
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((folders) => !folders.some((folder) => folder in packages))).toEqual([]);
});

test.each(["Dockerfile.operator", "Dockerfile.webapp"])("%s: installs with npm ci", (file) => {
  expect(read(file).match(/^RUN npm (?!run).*/gm)).toEqual(["RUN npm ci --no-audit --no-fund"]);
});

describe("run.mjs with a changed lock file", () => {
  let top: string;
  let integrity: string;
  const write = (file: string, content: object): void =>
    writeFileSync(join(top, file), JSON.stringify(content));
  /** Locks the package `part`, and runs a script that imports it. */
  const run = (part: object): Promise<string> => {
    const project = { name: "a", version: "1.0.0" };
    write("package.json", { ...project, dependencies: { part: "file:part.tgz" } });
    const packages = { "": { ...project, dependencies: { part: "file:part.tgz" } }, ...part };
    write("package-lock.json", { ...project, lockfileVersion: 3, requires: true, packages });
    return command([process.execPath, join(top, "tools/run.mjs"), join(top, "script.mjs")], { cwd: top });
  };

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "run-"));
    mkdirSync(join(top, "package"));
    write("package/package.json", { name: "part", version: "1.0.0", exports: "./index.mjs" });
    writeFileSync(join(top, "package/index.mjs"), 'export default "the part";');
    execFileSync("tar", ["-czf", "part.tgz", "package"], { cwd: top });
    const hash = createHash("sha512").update(readFileSync(join(top, "part.tgz")));
    integrity = `sha512-${hash.digest("base64")}`;
    cpSync(join(root, "tools/run.mjs"), join(top, "tools/run.mjs"));
    writeFileSync(join(top, "script.mjs"), 'import part from "part"; console.log(part);');
  });
  afterEach(() => rmSync(top, { recursive: true }));

  test("the locked package: installed, and the script runs", async () => {
    const locked = { version: "1.0.0", resolved: "file:part.tgz", integrity };
    expect(await run({ "node_modules/part": locked })).toBe("the part\n");
  });

  test("a package with other content than the locked one: fails, and the script doesn't run", async () => {
    const other = `sha512-${createHash("sha512").digest("base64")}`;
    const locked = { version: "1.0.0", resolved: "file:part.tgz", integrity: other };
    const failed = run({ "node_modules/part": locked });
    await expect(failed).rejects.toThrow(/EINTEGRITY[^]*npm ci failed with exit code 1/);
  });

  test("a package that the lock file lacks: fails, and the script doesn't run", async () => {
    await expect(run({})).rejects.toThrow("npm ci failed with exit code 1");
  });
});
