import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { osvScanner } from "../../../tools/ci/audit.ts";
import { command } from "../../../tools/cluster/command.ts";
import { StubPrograms } from "../../support/stubprograms.ts";
import { runScript } from "../../support/script.ts";

const advisory = {
  schema_version: "1.6.0",
  id: "TEST-1",
  modified: "2026-01-01T00:00:00Z",
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
  affected: [
    {
      package: { ecosystem: "Go", name: "example.com/a" },
      ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.3.0" }] }],
    },
  ],
};
/** Writes a zip archive with one file. */
const zip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('TEST-1.json', sys.argv[2])";

beforeAll(() => command([...osvScanner, "--version"]), 900_000);

let tree: string;
let programs: StubPrograms;
beforeEach(async () => {
  tree = mkdtempSync(join(tmpdir(), "audit-"));
  writeFileSync(join(tree, ".trivyignore.yaml"), "");
  const database = join(tree, "db/osv-scalibr/Go");
  mkdirSync(database, { recursive: true });
  await command(["python3", "-c", zip, join(database, "all.zip"), JSON.stringify(advisory)]);
  programs = new StubPrograms({
    trivy: `while [ "$#" -gt 1 ]; do [ "$1" != --output ] || echo '{"runs":[{}]}' >"$2"; shift; done`,
  });
});
afterEach(() => {
  programs.remove();
  rmSync(tree, { recursive: true });
});

test.each([
  ["with a known vulnerability that has a fix", "1.2.9", true],
  ["with the fixed version", "1.3.0", false],
])(
  "a module of the tests %s: the real osv-scanner finds only the vulnerability",
  async (_, version, found) => {
    mkdirSync(join(tree, "test/go"), { recursive: true });
    const text = `module demoapp.dev/x\n\ngo 1.26\n\nrequire example.com/a v${version}\n`;
    writeFileSync(join(tree, "test/go/go.mod"), text);
    const audit = runScript(`tools/ci/audit.ts --offline --local-db-path ${join(tree, "db")}`, {
      cwd: tree,
      env: { GITHUB_STEP_SUMMARY: join(tree, "summary.md") },
    });
    if (found) await expect(audit).rejects.toThrow("findings of osv-scanner with a fix");
    else await audit;
    const summary = readFileSync(join(tree, "summary.md"), "utf8");
    expect(summary).toContain(
      found ? "9.8 example.com/a 1.2.9 (test/go/go.mod): TEST-1; fixed in 1.3.0" : "no finding",
    );
  },
);
