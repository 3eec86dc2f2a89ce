/** Reads docs/walkthrough.md as a list of commands, so that tests run the page itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = readFileSync(join(import.meta.dirname, "../../docs/walkthrough.md"), "utf8");

/** A command of the page. */
interface Step {
  /** What the comment before its block says, such as `run: docker`. Empty without a comment. */
  readonly mark: string;
  readonly command: string;
  /** The documented output. `…` stands for any text, and alone on a line for any lines. */
  readonly output: string;
}

/** Every command in the console blocks of a page. A command that ends with `\` continues on the next line. */
export function stepsIn(text: string): readonly Step[] {
  const blocks = text.matchAll(/(?:<!-- (.+) -->\n\n)?```console\n([^]*?)```/g);
  return [...blocks].flatMap(([, mark = "", block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [, command = "", output = ""] = /^((?:.*\\\n)*.*)\n?([^]*)$/.exec(step) ?? [];
        return { mark, command, output: output.trimEnd() };
      }),
  );
}

export const steps = stepsIn(page);

/** Whether output is as documented. Columns may have other widths. */
export function matches(output: string, documented: string): boolean {
  const pattern = documented
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/^…$\n?/gm, "[^]*")
    .replaceAll("…", ".*")
    .replaceAll(/ +/g, "\\s+");
  return new RegExp(`^${pattern}\\s*$`).test(output);
}
