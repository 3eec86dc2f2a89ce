import { createHash } from "node:crypto";
import type { DemoAppSpec } from "../api/schema.ts";
import { completeResources, podDefaults } from "./defaults.ts";
import { withoutDefaults } from "./diff.ts";
import { isFields } from "./manifest.ts";

/** JSON with every object's keys in order, so that equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isFields(value)) return JSON.stringify(value) ?? "null";
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${fields.join(",")}}`;
}

const remembered = new WeakMap<DemoAppSpec, string>();

/**
 * Ten hex digits that name what a spec makes of its pods. Values equal to their default are left out: the
 * API server adds defaults of a newer CRD to stored objects, and that must not restart anything. Replicas,
 * strategy and service do not count. (Remembered per spec object, which never changes.)
 */
export function hashOf(spec: DemoAppSpec): string {
  const known = remembered.get(spec);
  if (known !== undefined) return known;
  const { image, port, env, envFrom, pod } = spec;
  // A startup probe that is all defaults is still one more than none.
  const startup = spec.probes.startup && { ...spec.probes.startup, given: true };
  const probes = { ...spec.probes, startup };
  const input = { image, port, probes, resources: completeResources(spec.resources), env, envFrom, pod };
  const text = canonical(withoutDefaults(input, podDefaults));
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  remembered.set(spec, hash);
  return hash;
}
