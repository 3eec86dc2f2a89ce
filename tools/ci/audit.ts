// `node tools/ci/audit.ts [options of osv-scanner]`: scans every dependency of the tree, also of tools and tests, with Trivy
// and with osv-scanner. Fails on a critical or high finding that has a fix, and if the acceptance of a finding expires
// within a month. No merge waits for it: audit.yaml runs it.
import { spawnSync } from "node:child_process";
import { join, relative } from "node:path";
import { summarize } from "./outputs.ts";
import { everyDependency, passes, preformatted, warnOfExpiry } from "./scan.ts";
import { script } from "../script.ts";

const root = process.cwd();
/** The pinned osv-scanner. Go builds it on first use, in about two minutes. */
export const osvScanner = ["go", "-C", join(import.meta.dirname, "../checkers/osv"), "tool", "osv-scanner"];
/** The lowest CVSS score of severity high. */
const high = 7;

/** The parts of osv-scanner's report that are read here. */
interface Report {
  readonly results: readonly {
    readonly source: { readonly path: string };
    readonly packages: readonly {
      readonly package: { readonly name: string; readonly version: string };
      /** Advisories for the same vulnerability. */
      readonly groups: readonly { readonly ids: readonly string[]; readonly max_severity: string }[];
      readonly vulnerabilities: readonly Advisory[];
    }[];
  }[];
}

interface Advisory {
  readonly id: string;
  readonly affected?: readonly {
    readonly package?: { readonly name: string };
    readonly ranges?: readonly { readonly events: readonly { readonly fixed?: string }[] }[];
  }[];
}

interface Finding {
  /** A CVSS score; 0 if no advisory has one. */
  readonly score: number;
  /** Versions with the fix. */
  readonly fixed: readonly string[];
  readonly text: string;
}

const fixesOf = (advisory: Advisory, name: string): readonly string[] =>
  (advisory.affected ?? [])
    .filter((affected) => affected.package?.name === name)
    .flatMap(({ ranges = [] }) => ranges.flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? [])));

function findingsOf({ results }: Report): readonly Finding[] {
  const all = results.flatMap(({ source, packages }) =>
    packages.flatMap(({ package: { name, version }, groups, vulnerabilities }) =>
      groups.map(({ ids, max_severity: score }): Finding => {
        const advisories = vulnerabilities.filter(({ id }) => ids.includes(id));
        const fixed = [...new Set(advisories.flatMap((one) => fixesOf(one, name)))];
        const fix = fixed.length > 0 ? `fixed in ${fixed.join(", ")}` : "no fix";
        const text = `${score || "?"} ${name} ${version} (${relative(root, source.path)}): ${ids.join(", ")}; ${fix}`;
        return { score: Number(score), fixed, text };
      }),
    ),
  );
  return all.toSorted((a, b) => b.score - a.score);
}

/** Runs osv-scanner, and adds the findings to the summary. Returns whether the scan passes. */
function osvPasses(options: readonly string[]): boolean {
  const scan = [...osvScanner, "scan", "source", "--recursive", "--format", "json"];
  // Call analysis would compile every module.
  const [program, ...argv] = [...scan, "--no-call-analysis", "all", ...options, root];
  const { status, stdout } = spawnSync(program, argv, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 256 * 1024 * 1024,
  });
  // 1: there are findings.
  if (status !== 0 && status !== 1) throw new Error(`osv-scanner ended with exit code ${status}; see above`);
  const findings = findingsOf(JSON.parse(stdout) as Report);
  const passed = !findings.some(({ score, fixed }) => score >= high && fixed.length > 0);
  const lines = findings.map(({ text }) => text).join("\n") || "no finding";
  summarize(
    `### ${passed ? "✅" : "❌"} osv-scanner: CVSS score, package, advisories\n\n${preformatted(lines)}`,
  );
  return passed;
}

if (import.meta.main)
  await script(async () => {
    const problems = [
      (await passes(everyDependency)) ? "" : "critical or high findings of Trivy with a fix",
      osvPasses(process.argv.slice(2)) ? "" : "critical or high findings of osv-scanner with a fix",
      // Fails a month before the scans of ci.yaml do.
      warnOfExpiry() ? "accepted findings that expire within a month" : "",
    ].filter(Boolean);
    if (problems.length > 0) throw new Error(`${problems.join("; ")}: see the summary`);
  });
