/** How the tables of documents are written. */

/** What a document is refused for. */
type Refusal = {
  /** Where `validate` reports it. */
  readonly path: string;
  /** Part of what `validate` says. */
  readonly says: string;
  /** Part of what the API server says, where it has words of its own. */
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
export const refused = (name: string, spec: Fields, refusal: Refusal): Row => ({
  name,
  document: of(spec),
  refused: refusal,
});
export const unknown = (name: string, spec: Fields, path: string): Row =>
  refused(name, spec, {
    path,
    says: "field not declared in schema",
    server: `.${path}: field not declared in schema`,
  });

export const asList = (count: number, entry: (at: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, at) => entry(at));
