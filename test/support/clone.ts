import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyDeploy } from "./overlays.ts";

const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];

/** A Git clone with this project's deploy/, as a workflow checks it out, and a bare repository as its origin. */
export class Clone {
  readonly #base = mkdtempSync(join(tmpdir(), "clone-"));
  readonly folder = join(this.#base, "clone");

  constructor() {
    const origin = join(this.#base, "origin");
    execFileSync("git", ["init", "--quiet", "--bare", origin]);
    execFileSync("git", ["init", "--quiet", "-b", "main", this.folder]);
    copyDeploy(this.folder);
    this.git("remote", "add", "origin", origin);
    this.git("add", ".");
    this.git("commit", "--quiet", "-m", "initial");
    this.git("push", "--quiet", "origin", "main");
  }

  git = (...args: readonly string[]): string =>
    execFileSync("git", [...author, ...args], { cwd: this.folder, encoding: "utf8" });

  remove(): void {
    rmSync(this.#base, { recursive: true });
  }
}
