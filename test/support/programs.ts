import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Programs that only note how they were called, in front of everything else on PATH: for what can't run here. What one
 * answers is a shell script's text, in which `$*` are its arguments.
 */
export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), "programs-"));
  readonly #path = process.env.PATH;
  readonly #log = join(this.folder, "calls");

  constructor(answers: Readonly<Record<string, string>>) {
    writeFileSync(this.#log, "");
    for (const [name, answer] of Object.entries(answers)) {
      writeFileSync(join(this.folder, name), `#!/bin/sh\necho "${name} $*" >>"${this.#log}"\n${answer}\n`);
      chmodSync(join(this.folder, name), 0o755);
    }
    process.env.PATH = `${this.folder}:${this.#path}`;
  }

  /** Each call so far, as one line. */
  calls = (): string[] => readFileSync(this.#log, "utf8").split("\n").filter(Boolean);

  remove(): void {
    process.env.PATH = this.#path;
    rmSync(this.folder, { recursive: true });
  }
}
