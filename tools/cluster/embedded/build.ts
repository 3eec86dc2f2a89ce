import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { withLock } from "./lock.ts";
import { cacheRoot } from "./paths.ts";

/** A folder of files that is built once and kept in the cache. */
interface Buildable {
  readonly name: string;
  /** Hash of all inputs; the folder is called `<name>-<hash>`. */
  readonly hash: string;
  /** Progress line after the build. */
  readonly title: string;
  /** Progress line before a build that takes minutes. */
  readonly note?: (target: string) => string;
  /** Fills the folder `out`. */
  readonly make: (out: string, tick: (text: string) => void) => Promise<void>;
}

/** The cache folder of a build, which may not exist yet. */
export const builtFolder = ({ name, hash }: Pick<Buildable, "name" | "hash">): string =>
  join(cacheRoot(), "bin", `${name}-${hash}`);

/** A short hash of a build's inputs. */
export function hashOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 12);
}

/** Builds the folder unless the cache has it. Concurrent callers build once; an interrupted build starts over. */
export async function ensureBuilt(build: Buildable, progress: Progress): Promise<string> {
  const target = builtFolder(build);
  if (existsSync(target)) return target;
  await withLock(join(cacheRoot(), "bin", `${build.name}.lock`), async () => {
    if (existsSync(target)) return;
    if (build.note !== undefined) progress.note(build.note(target));
    await progress.step(build.title, async (tick) => {
      const temporary = `${target}.tmp`;
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary, { recursive: true });
      await build.make(temporary, tick);
      await rename(temporary, target);
    });
  });
  return target;
}

/** Turns the output of `go build -v`, one line per compiled package, into "n of about m packages". */
export function countingPackages(about: number, tick: (text: string) => void): (line: string) => void {
  let packages = 0;
  return (line) => {
    // `go` reports downloads on the same stream.
    if (line.startsWith("go: ")) return tick("downloading modules");
    packages += 1;
    tick(`${packages} of about ${about} packages`);
  };
}
