import type { DemoAppSpec } from "../../api/schema.ts";
import { type Identity, renderPodTemplate } from "./pod.ts";

/**
 * Most bytes of a rendered pod template, as JSON. A Deployment with its managed fields and a ControllerRevision stay far
 * below etcd's limit of 1.5 MiB, and comparing two templates takes a few milliseconds.
 */
const maxBytes = 256 * 1024;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value) ?? "").length;

const inKibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/** The largest field of the spec or of `spec.pod`. */
function largestField({ pod = {}, ...spec }: DemoAppSpec): { readonly path: string; readonly bytes: number } {
  const sizesIn = (parent: string, fields: object) =>
    Object.entries(fields).map(([name, value]) => ({ path: `${parent}.${name}`, bytes: bytesOf(value) }));
  const sizes = [...sizesIn("spec", spec), ...sizesIn("spec.pod", pod)];
  return sizes.reduce((largest, field) => (field.bytes > largest.bytes ? field : largest));
}

/** Why a valid spec can't be rolled out: its pod template is too large. Undefined if the template fits. */
export function sizeProblem(identity: Identity, spec: DemoAppSpec) {
  const bytes = bytesOf(renderPodTemplate(identity, spec));
  if (bytes <= maxBytes) return undefined;
  const largest = largestField(spec);
  const size = `the pod template has ${inKibibytes(bytes)} and may have at most ${inKibibytes(maxBytes)}`;
  const fix = `move some of the ${inKibibytes(largest.bytes)} of this field to a ConfigMap or a volume`;
  return { path: largest.path, message: `${size}: ${fix}` };
}
