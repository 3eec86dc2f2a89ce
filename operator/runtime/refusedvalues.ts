// The values in the API server's messages about invalid fields. They come after the kind of the problem: strings in
// quotation marks, objects and lists as JSON, what has no JSON in Go's syntax, and no value for a rule of a CRD.
// Source: k8s.io/apimachinery/pkg/util/validation/field/errors.go, ErrorBody.

const problem = /\b((?:Invalid|Unsupported|Duplicate) value|Not found): /g;
const string = /"(?:[^"\\]|\\.)*"/y;
const scalar = /(?:-?[\d.]+(?:e[+-]\d+)?|true|false|null)(?=[:,\]]|$)/y;
/** The start of a value in Go's syntax, as `core.Lifecycle{` or `map[string]int{`, which has no certain end. */
const goValue = /[&*]?[\w.[\]*]+[{(]/y;
/** A string, a bracket, or any other character of an object or list in JSON. */
const token = /"(?:[^"\\]|\\.)*"|[^]/y;

/** A value of another type than the schema's, in the format of server-side apply; no certain end either. */
const wrongType = /(\bexpected [^,\n]{1,60}), got [^]+/;

function endOf(pattern: RegExp, text: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** The end of an object or a list in JSON: the index after its last bracket. */
function bracketEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at: number | undefined = start; at !== undefined && at < text.length;) {
    if (/[[{]/.test(text[at] ?? "")) depth += 1;
    if (/[\]}]/.test(text[at] ?? "")) depth -= 1;
    at = endOf(token, text, at);
    if (depth === 0) return at;
  }
  return undefined;
}

/** The index after the value that starts at `start`, or `start` if there is none; undefined if its end is not certain. */
function valueEnd(text: string, start: number): number | undefined {
  const first = text[start] ?? "";
  if (first === '"') return endOf(string, text, start);
  if (/[[{]/.test(first)) return bracketEnd(text, start);
  if (endOf(goValue, text, start) !== undefined) return undefined;
  return endOf(scalar, text, start) ?? start;
}

/** The API server's message without the values that it refuses: a Secret's value may be in a field by mistake. */
export function withoutValues(message: string): string {
  const text = message.replace(wrongType, "$1");
  let [kept, from] = ["", 0];
  for (const { 0: found, 1: kind, index } of text.matchAll(problem)) {
    // The value before contains this text.
    if (index < from) continue;
    const end = valueEnd(text, index + found.length);
    kept += `${text.slice(from, index)}${kind}`;
    if (end === undefined) return `${kept} …`;
    // Without a value, the rule's text follows the colon.
    from = end === index + found.length ? end - 2 : end;
  }
  return kept + text.slice(from);
}
