import type { DemoAppSpec } from "../../api/schema.ts";
import { type Identity, renderPodTemplate } from "./pod.ts";

/**
 * Most bytes of a rendered pod template, as JSON. A Deployment with its managed fields and a ControllerRevision stay far
 * below etcd's limit of 1.5 MiB, and comparing two templates takes a few milliseconds.
 */
const maxBytes = 256 * 1024;

/** Most values of a rendered pod template, objects and lists included. Comparing a template takes time for each of them. */
const maxValues = 4000;

function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + valuesOf(inner), 1);
}

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value) ?? "").length;

const inKibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/** The field of the spec or of `spec.pod` with the largest size. */
function largestField({ pod = {}, ...spec }: DemoAppSpec, sizeOf: (value: unknown) => number) {
  const sizesIn = (parent: string, fields: object) =>
    Object.entries(fields).map(([name, value]) => ({ path: `${parent}.${name}`, size: sizeOf(value) }));
  const sizes = [...sizesIn("spec", spec), ...sizesIn("spec.pod", pod)];
  return sizes.reduce((largest, field) => (field.size > largest.size ? field : largest));
}

/** Why a valid spec can't be rolled out: its pod template is too large. Undefined if the template fits. */
export function sizeProblem(identity: Identity, spec: DemoAppSpec) {
  const template = renderPodTemplate(identity, spec);
  const [bytes, values] = [bytesOf(template), valuesOf(template)];
  if (bytes > maxBytes) {
    const { path, size } = largestField(spec, bytesOf);
    const problem = `the pod template has ${inKibibytes(bytes)} and may have at most ${inKibibytes(maxBytes)}`;
    const fix = `move some of the ${inKibibytes(size)} of this field to a ConfigMap or a volume`;
    return { path, message: `${problem}: ${fix}` };
  }
  if (values <= maxValues) return undefined;
  const { path, size } = largestField(spec, valuesOf);
  const problem = `the pod template has ${values} values and may have at most ${maxValues}`;
  return { path, message: `${problem}: move some of the ${size} values of this field to a ConfigMap` };
}
