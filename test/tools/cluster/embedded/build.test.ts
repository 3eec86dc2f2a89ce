import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { silent } from "../../../../tools/cluster/progress.ts";
import {
  builtFolder,
  countingPackages,
  ensureBuilt,
  hashOf,
} from "../../../../tools/cluster/embedded/build.ts";

let cache: string;
const before = process.env.DEMOAPP_CACHE;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "demoapp-build-"));
  process.env.DEMOAPP_CACHE = cache;
});
afterEach(async () => {
  if (before === undefined) delete process.env.DEMOAPP_CACHE;
  else process.env.DEMOAPP_CACHE = before;
  await rm(cache, { recursive: true, force: true });
});

/** A build that records its calls. */
function recordedBuild(make: (out: string) => Promise<void> = () => Promise.resolve()) {
  const made: string[] = [];
  const build = {
    name: "thing",
    hash: hashOf(["one"]),
    title: "thing built",
    make: async (out: string) => {
      made.push(out);
      await make(out);
      await writeFile(join(out, "file"), "whole");
    },
  };
  return { made, build };
}

test("concurrent callers: build once, and a later caller uses the cache", async () => {
  const { made, build } = recordedBuild();
  const folders = await Promise.all([ensureBuilt(build, silent), ensureBuilt(build, silent)]);
  expect(folders).toEqual([builtFolder(build), builtFolder(build)]);
  await ensureBuilt(build, silent);
  expect(made).toHaveLength(1);
  expect(readFileSync(join(builtFolder(build), "file"), "utf8")).toBe("whole");
});

test("a failed build: leaves no folder, and the next caller builds again", async () => {
  const failing = recordedBuild(() => Promise.reject(new Error("no compiler"))).build;
  await expect(ensureBuilt(failing, silent)).rejects.toThrow("no compiler");
  expect(existsSync(builtFolder(failing))).toBe(false);
  await expect(ensureBuilt(recordedBuild().build, silent)).resolves.toBe(builtFolder(failing));
});

test("an interrupted build: its files are deleted", async () => {
  const { build } = recordedBuild();
  await mkdir(`${builtFolder(build)}.tmp`, { recursive: true });
  await writeFile(join(`${builtFolder(build)}.tmp`, "half"), "");
  const folder = await ensureBuilt(build, silent);
  expect(existsSync(join(folder, "half"))).toBe(false);
});

test("different inputs: different hashes", () => {
  expect(hashOf(["one", "two"])).not.toBe(hashOf(["one", "three"]));
});

test("countingPackages: counts compiled packages, not downloads", () => {
  const shown: string[] = [];
  const count = countingPackages(9, (text) => shown.push(text));
  for (const line of ["go: downloading example.com v1.0.0", "fmt", "os"]) count(line);
  expect(shown).toEqual(["downloading modules", "1 of about 9 packages", "2 of about 9 packages"]);
});
