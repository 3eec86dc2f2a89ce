/** What a scanner found, and what it means for the pipeline. Knows nothing of any scanner. */

const severities = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"] as const;
export type Severity = (typeof severities)[number];

/** Something that a scanner found. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** The package, file or object that it concerns. */
  readonly where: string;
  readonly installed?: string;
  /** The version or the edit that helps; undefined if there is none yet. */
  readonly fix?: string;
  /** Why it doesn't count, from .trivyignore.yaml. */
  readonly ignored?: string;
}

/** One thing that was scanned. */
export interface Scan {
  /** Such as `webapp linux/amd64`, `files`, `configuration`. */
  readonly subject: string;
  /** The scanner and its version. */
  readonly scanner: string;
  readonly findings: readonly Finding[];
}

const grave: ReadonlySet<Severity> = new Set(["CRITICAL", "HIGH"]);

/** Those that fail the build: critical or high, something can be done, and nobody has said why not. */
export const failing = ({ findings }: Scan): readonly Finding[] =>
  findings.filter(
    ({ severity, fix, ignored }) => grave.has(severity) && fix !== undefined && ignored === undefined,
  );

/** Those without a fix yet: listed, because waiting is all that can be done. */
export const unfixed = ({ findings }: Scan): readonly Finding[] =>
  findings.filter(
    ({ severity, fix, ignored }) => grave.has(severity) && fix === undefined && ignored === undefined,
  );

export const ignored = ({ findings }: Scan): readonly Finding[] =>
  findings.filter((finding) => finding.ignored !== undefined);

/** A scanner's word for how bad something is. */
export const severityOf = (word: string): Severity =>
  severities.find((severity) => severity === word.toUpperCase()) ?? "UNKNOWN";

/** How many there are of each severity, the worst first: `1 critical, 3 low`. */
export function counts(findings: readonly Finding[]): string {
  const parts = severities.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity.toLowerCase()}`];
  });
  return parts.length === 0 ? "none" : parts.join(", ");
}
