import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Replaces programs that can't run in tests: puts stubs first on PATH that record their calls. An answer is the text of
 * a shell script, in which `$*` are the arguments.
 */
export class StubPrograms {
  readonly folder = mkdtempSync(join(tmpdir(), "programs-"));
  readonly #path = process.env.PATH;
  /** The file of the calls, one per line. */
  readonly log = join(this.folder, "calls");

  constructor(answers: Readonly<Record<string, string>>) {
    writeFileSync(this.log, "");
    for (const [name, answer] of Object.entries(answers)) {
      writeFileSync(join(this.folder, name), `#!/bin/sh\necho "${name} $*" >>"${this.log}"\n${answer}\n`);
      chmodSync(join(this.folder, name), 0o755);
    }
    process.env.PATH = `${this.folder}:${this.#path}`;
  }

  /** The calls so far. */
  calls = (): string[] => readFileSync(this.log, "utf8").split("\n").filter(Boolean);

  remove(): void {
    process.env.PATH = this.#path;
    rmSync(this.folder, { recursive: true });
  }
}
