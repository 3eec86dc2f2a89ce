/**
 * Fields of a Deployment that the API server fills in from other fields. It does so only while the field is absent, and
 * no manager owns the result: server-side apply keeps the value after the other field has changed.
 * Source: k8s.io/kubernetes/pkg/apis/core/v1, defaults.go and conversion.go.
 */
import { itemAt } from "./items.ts";
import { type FieldSet, type Fields, fieldOf, isFields } from "./manifest.ts";

interface Derived {
  /** The names of the field. The API server copies a value to every name, so that only all names together go. */
  readonly names: readonly string[];
  /** The value that the API server fills in for the desired object; undefined for none. */
  readonly valueFor: (desired: Fields) => unknown;
}

/** An object with derived fields, and the fields below it that have some. */
interface Place {
  readonly derived?: readonly Derived[];
  readonly fields?: Readonly<Record<string, Place>>;
  /** True for a list whose items have the key `name`; the other properties describe an item. */
  readonly isList?: true;
}

/** Source: k8s.io/kubernetes/pkg/util/parsers, ParseImageName. */
function pullPolicyFor(image: unknown): string {
  const [name = "", digest] = String(image).split("@");
  const tag = /:([^/:]*)$/.exec(name)?.[1] ?? (digest === undefined ? "latest" : "");
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const container: Place = {
  isList: true,
  derived: [{ names: ["imagePullPolicy"], valueFor: ({ image }) => pullPolicyFor(image) }],
};

const volume: Place = {
  isList: true,
  // A volume of only a name is an emptyDir. A volume with two sources is invalid.
  derived: [
    { names: ["emptyDir"], valueFor: (desired) => (Object.keys(desired).length === 1 ? {} : undefined) },
  ],
  fields: {
    image: { derived: [{ names: ["pullPolicy"], valueFor: ({ reference }) => pullPolicyFor(reference) }] },
  },
};

const podSpec: Place = {
  // `serviceAccount` is the deprecated alias of `serviceAccountName`.
  derived: [{ names: ["serviceAccountName", "serviceAccount"], valueFor: () => undefined }],
  fields: { containers: container, initContainers: container, volumes: volume },
};

const deploymentSpec: Place = { fields: { template: { fields: { spec: podSpec } } } };

/** The `spec` of a live and of a desired object, and what the managers own below the same place. */
export interface Specs {
  readonly live: unknown;
  readonly desired: unknown;
  readonly owners: readonly FieldSet[];
  /** True if the pods are replaced anyway, because the desired pod template is that of another revision. */
  readonly isReplaced: boolean;
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const ownersBelow = (owners: readonly FieldSet[], step: string): readonly FieldSet[] =>
  owners.flatMap((owner) => owner[step] ?? []);

/** The names of one derived field whose live value would stay although the API server now derives another one. */
function staleNames({ names, valueFor }: Derived, { live, desired, owners, isReplaced }: Specs): string[] {
  if (!isFields(live) || !isFields(desired)) return [];
  if (names.some((name) => fieldOf(desired, name) !== undefined)) return [];
  // Without the pods' replacement, a value stays: an upgrade of the operator restarts no pods. An owned name is
  // removed by the next apply, and each remaining name would restore it.
  const isRemoved = names.some((name) => owners.some((owner) => owner[`f:${name}`] !== undefined));
  if (!isReplaced && !isRemoved) return [];
  return names.filter((name) => {
    const value = fieldOf(live, name);
    return value !== undefined && !isEqual(value, valueFor(desired));
  });
}

const nameOf = (item: unknown): unknown => (isFields(item) ? fieldOf(item, "name") : undefined);

/** Fields of items have no aliases, so that they matter only if the pods are replaced. */
function staleItems(place: Place, { live, desired, isReplaced }: Specs): FieldSet {
  if (!isReplaced || !Array.isArray(live) || !Array.isArray(desired)) return {};
  const items = desired.map((item: unknown): [string, FieldSet] => {
    const name = nameOf(item);
    const other = itemAt(live, { key: { name } });
    const specs = { live: other, desired: item, owners: [], isReplaced };
    return [`k:${JSON.stringify({ name })}`, staleObject(place, specs)];
  });
  return nonEmpty(items);
}

function staleObject({ derived = [], fields = {} }: Place, specs: Specs): FieldSet {
  const { live, desired, owners } = specs;
  if (!isFields(live) || !isFields(desired)) return {};
  const own = derived.flatMap((field) => staleNames(field, specs));
  const below = Object.entries(fields).map(([name, place]): [string, FieldSet] => {
    const inner = {
      ...specs,
      live: fieldOf(live, name),
      desired: fieldOf(desired, name),
      owners: ownersBelow(owners, `f:${name}`),
    };
    return [`f:${name}`, place.isList ? staleItems(place, inner) : staleObject(place, inner)];
  });
  return { ...Object.fromEntries(own.map((name) => [`f:${name}`, {}])), ...nonEmpty(below) };
}

const nonEmpty = (entries: readonly [string, FieldSet][]): FieldSet =>
  Object.fromEntries(entries.filter(([, below]) => Object.keys(below).length > 0));

/** The live fields below `spec` that the next apply has to remove, so that the API server derives them again. */
export const staleDerived = (specs: Specs): FieldSet => staleObject(deploymentSpec, specs);
