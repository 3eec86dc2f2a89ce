import { describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { start } from "../support/program.ts";

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/webapp/main.js");
const build = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["tools/build.mjs", ...args], { cwd: root });

interface SpdxPackage {
  readonly name: string;
  readonly versionInfo: string;
  readonly externalRefs: readonly { readonly referenceLocator: string }[];
}

describe("the web app's bundle", () => {
  test("built twice: the same bytes, one small file that imports only Node's modules", async () => {
    await build("webapp");
    const first = await readFile(bundle, "utf8");
    await build("webapp");
    expect(await readFile(bundle, "utf8")).toBe(first);
    expect((await stat(bundle)).size).toBeLessThan(2 * 1024 * 1024);
    expect(first).not.toContain(root);
    const imports = [...first.matchAll(/(?:^|;)import(?:[^"'`(]*from)?"([^"]+)"/gm)].map(
      ([, name]) => name ?? "",
    );
    expect(imports.filter((name) => !isBuiltin(name))).toStrictEqual([]);
    expect(imports).toContain("node:http");
  });

  test("run by Node: serves the greeting and the page with style and script", async () => {
    await build("webapp");
    const program = await start(bundle, { DRAIN_WAIT_MS: "0" });
    const url = `http://127.0.0.1:${program.port}/`;
    expect(await (await fetch(url)).json()).toStrictEqual({
      message: "Hello from SRE Demo App!",
      version: "1.0.0",
    });
    const page = await fetch(url, { headers: { accept: "text/html" } });
    expect(await page.text()).toMatch(
      /<style>[^]*--background[^]*<script type="module">[^]*setTimeout\(probeRepeatedly/,
    );
    program.kill("SIGTERM");
    expect(await program.exit).toBe(0);
  });

  test.each([
    ["webapp", "hono", "@kubernetes/client-node"],
    ["operator", "@kubernetes/client-node", "playwright-core"],
  ])("the SBOM of the %s: lists %s in the locked version, and not %s", async (program, part, other) => {
    await build(program);
    const read = async (file: string) => JSON.parse(await readFile(join(root, file), "utf8")) as unknown;
    const { packages } = (await read(`dist/${program}/main.spdx.json`)) as { packages: SpdxPackage[] };
    const { packages: locked } = (await read("package-lock.json")) as {
      packages: Record<string, { version: string }>;
    };
    const version = locked[`node_modules/${part}`]?.version;
    expect(packages.find(({ name }) => name === part)).toMatchObject({
      versionInfo: version,
      externalRefs: [{ referenceLocator: `pkg:npm/${part.replace("@", "%40")}@${version}` }],
    });
    expect(packages.map(({ name }) => name)).not.toContain(other);
  });

  test("the operator's bundle: has only ASCII characters, so that V8 stores each in one byte", async () => {
    await build("operator");
    const source = await readFile(join(root, "dist/operator/main.js"), "utf8");
    expect(/\P{ASCII}/u.exec(source)).toBeNull();
  });

  test("build of an unknown program: fails and lists the known programs", async () => {
    await expect(build("website")).rejects.toThrow(
      /no such program: website; the programs are operator and webapp/,
    );
  });
});
