/** One sample of a text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and the infinities too. */
  readonly value: number;
}

const nameAt = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelAt = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,?)/y;
const closeAt = /[ \t]*\}/y;
const valueAt = /[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$/y;
const escapes: Readonly<Record<string, string>> = { n: "\n", '"': '"', "\\": "\\" };

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (all: string, escaped: string) => escapes[escaped] ?? all);

/** Matches a sticky pattern at a position. */
function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(line) ?? undefined;
}

const numbers: Readonly<Record<string, number>> = { "+Inf": Infinity, Inf: Infinity, "-Inf": -Infinity };

/** The labels between braces, and where the braces end; undefined if they are not in the format. */
function labelsAt(line: string, start: number): { labels: Record<string, string>; end: number } | undefined {
  // Without a prototype: a label may be named __proto__.
  const labels = Object.create(null) as Record<string, string>;
  let end = start;
  for (let isLast = false; !isLast;) {
    const [all, name, text = "", comma] = matchAt(labelAt, line, end) ?? [];
    if (all === undefined || name === undefined) break;
    labels[name] = unescape(text);
    end += all.length;
    isLast = comma === "";
  }
  const close = matchAt(closeAt, line, end);
  return close && { labels, end: end + close[0].length };
}

/** The name of the metric that a `# TYPE` line declares. */
const declared = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) /;

/** The metric that a line names: that of a sample, or of a declaration; undefined for other comments and blank lines. */
export const metricOf = (line: string): string | undefined =>
  line.startsWith("#") ? declared.exec(line)?.[1] : matchAt(nameAt, line, 0)?.[0];

/** Parses a line with a sample, in time linear in its length. Undefined if the line is not in the format. */
export function parseSample(line: string): Sample | undefined {
  const name = matchAt(nameAt, line, 0)?.[0];
  if (name === undefined) return undefined;
  const hasLabels = line[name.length] === "{";
  const found = hasLabels ? labelsAt(line, name.length + 1) : { labels: {}, end: name.length };
  const text = found && matchAt(valueAt, line, found.end)?.[1];
  if (found === undefined || text === undefined) return undefined;
  const value = numbers[text] ?? Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : { name, labels: found.labels, value };
}
