/** The row format of the document tables. */

type Refusal = {
  /** The path that `validate` reports. */
  readonly path: string;
  /** Part of the message of `validate`. */
  readonly message: string;
  /** Part of the API server's message, if it differs. */
  readonly server?: string;
};

export type Fields = Readonly<Record<string, unknown>>;

export type Row = { readonly name: string; readonly document: Fields; readonly refused?: Refusal };

export const image = "ghcr.io/acme/webapp:1.4.0";
export const named = (name: string, spec: Fields): Fields => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  metadata: { name },
  spec,
});
export const of = (spec: Fields): Fields => named("sample", { image, ...spec });
export const accepted = (name: string, spec: Fields): Row => ({ name, document: of(spec) });

/** `<path>: <part of the message>`, with part of the API server's message if it differs. */
type Problem = string | { readonly problem: string; readonly server: string };

function refusalOf(problem: Problem): Refusal {
  if (typeof problem !== "string") return { ...refusalOf(problem.problem), server: problem.server };
  const [path = "", ...message] = problem.split(": ");
  return { path, message: message.join(": ") };
}

export const refused = (name: string, spec: Fields, problem: Problem): Row => ({
  name,
  document: of(spec),
  refused: refusalOf(problem),
});

/** A row with a field that the schema does not declare. */
export function unknown(name: string, spec: Fields, path: string): Row {
  const problem = `${path}: field not declared in schema`;
  return refused(name, spec, { problem, server: `.${problem}` });
}

export const asList = (count: number, entry: (at: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, at) => entry(at));
