import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { withLock } from "./lock.ts";
import { cacheRoot } from "./paths.ts";

/** Something that is made once and then kept in the cache. */
interface Buildable {
  /** First part of the folder's name; the hash of all that goes into it follows. */
  readonly name: string;
  readonly hash: string;
  /** What the line about it says when it is there. */
  readonly title: string;
  /** ReasonMessage before it starts, where it takes long. */
  readonly note?: (target: string) => string;
  /** Fills the folder `out`. */
  readonly make: (out: string, tick: (text: string) => void) => Promise<void>;
}

/** Folder of something built, which may not be there yet. */
export const builtFolder = ({ name, hash }: Pick<Buildable, "name" | "hash">): string =>
  join(cacheRoot(), "bin", `${name}-${hash}`);

/** The hash that names what is built from `parts`. */
export function hashOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 12);
}

/** Makes it unless the cache has it: two callers at once make it once, and what was interrupted starts over. */
export async function ensureBuilt(wanted: Buildable, progress: Progress): Promise<string> {
  const target = builtFolder(wanted);
  if (existsSync(target)) return target;
  await withLock(join(cacheRoot(), "bin", `${wanted.name}.lock`), async () => {
    if (existsSync(target)) return;
    if (wanted.note !== undefined) progress.note(wanted.note(target));
    await progress.step(wanted.title, async (tick) => {
      const temporary = `${target}.tmp`;
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary, { recursive: true });
      await wanted.make(temporary, tick);
      await rename(temporary, target);
    });
  });
  return target;
}

/** Turns what `go build -v` writes into "n of about m packages": it names each package as it is compiled. */
export function countingPackages(about: number, tick: (text: string) => void): (line: string) => void {
  let packages = 0;
  return (line) => {
    // Downloads are told on the same stream.
    if (line.startsWith("go: ")) return tick("downloading modules");
    packages += 1;
    tick(`${packages} of about ${about} packages`);
  };
}
