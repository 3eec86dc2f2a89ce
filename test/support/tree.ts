import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Copies the files of this tree, with uncommitted changes, but without ignored files. */
export function copyTree(folder: string): void {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of files.split("\0").filter(Boolean))
    cpSync(join(root, file), join(folder, file), { recursive: true });
}
