import { createHash } from "node:crypto";
import type { DemoAppSpec } from "../api/schema.ts";
import { completeResources, impliedPod, podDefaults } from "./defaults.ts";
import { type Fields, fieldOf, fieldsOf, isFields } from "./manifest.ts";
import { once } from "./memo.ts";
import { withCanonicalQuantities } from "./quantities.ts";

/** JSON with sorted keys, so that equal values have equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isFields(value)) return JSON.stringify(value) ?? "null";
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${fields.join(",")}}`;
}

/** A copy of `fields` without the values that equal those in `defaults`, and without objects that become empty. */
export function withoutDefaults(fields: Fields, defaults: Fields): Fields {
  const rest = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    const other = fieldOf(defaults, name);
    if (isFields(value) && Object.keys(value).length > 0) {
      const inner = withoutDefaults(value, fieldsOf(other));
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }
    if (value === undefined || JSON.stringify(value) === JSON.stringify(other)) return [];
    return [[name, value]];
  });
  return Object.fromEntries(rest);
}

/** The fields of a spec that affect pods. */
function podFieldsOf(spec: DemoAppSpec): Fields {
  const { image, port, env, envFrom, pod } = spec;
  // `given` distinguishes a startup probe with only defaults from no startup probe.
  const startup = spec.probes.startup && { ...spec.probes.startup, given: true };
  const probes = { ...spec.probes, startup };
  return { image, port, probes, resources: completeResources(spec.resources), env, envFrom, pod };
}

/** 128 bits in hex digits that identify a JSON value. */
export const digestOf = (value: unknown): string =>
  createHash("sha256").update(canonical(value)).digest("hex").slice(0, 32);

const digest = (podFields: Fields): string => digestOf(withoutDefaults(podFields, podDefaults)).slice(0, 10);

/**
 * Ten hex digits that identify the pod template of a spec. Values equal to their default are left out: the API server
 * adds the defaults of a newer CRD to stored objects, and an added default must not restart pods. Replicas, strategy
 * and service do not affect pods and are left out too. The quantities count as they are written: release 0.1.0 labelled
 * revisions with this hash.
 */
export const hashOf = once((spec: DemoAppSpec) => digest(podFieldsOf(spec)));

/** As `hashOf`, with one spelling for each quantity and for no value: specs that ask for the same pods have one hash. */
export const canonicalHashOf = once((spec: DemoAppSpec) =>
  digest(withoutDefaults(withCanonicalQuantities(podFieldsOf(spec)), { pod: impliedPod })),
);
