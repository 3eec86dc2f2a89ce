/** The API `DemoApp`: its types, and the schemas of written manifests and stored objects. */
import * as z from "zod";
import { apiVersion, kind, maxNameLength, reservedSuffixes } from "./names.ts";
import { refined, type Rule } from "./schema/rule.ts";
import { demoAppSpec, storedSpec } from "./schema/spec.ts";
import { demoAppStatus, type phases } from "./schema/status.ts";

export type { Probe } from "./schema/probes.ts";
export { demoAppSpec, demoAppStatus };

/** The rules for names. Their CEL belongs to the root of the object, because only there it can read the metadata. */
export const nameRules: readonly Rule<string>[] = [
  {
    cel: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message:
      "metadata.name must be a DNS-1035 label, as the Service takes it: lower-case letters, digits and '-', starting with a letter and not ending with '-'",
    holds: (name) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name),
  },
  {
    cel: `self.metadata.name.size() <= ${maxNameLength}`,
    message: `metadata.name must be at most ${maxNameLength} characters, as the names of children are longer`,
    holds: (name) => name.length <= maxNameLength,
  },
  {
    cel: reservedSuffixes.map((suffix) => `!self.metadata.name.endsWith('${suffix}')`).join(" && "),
    message: `metadata.name must not end in ${reservedSuffixes.join(" or ")}: children of other DemoApps are named so`,
    holds: (name) => !reservedSuffixes.some((suffix) => name.endsWith(suffix)),
  },
];
const name = refined(z.string(), nameRules);

const annotations = z.record(z.string(), z.string());

/** A manifest that a user writes. Its status is ignored, as the API server ignores it. */
export const manifest = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata: z.looseObject({ name, namespace: z.string().optional() }),
  spec: demoAppSpec,
  status: z.unknown().optional(),
});

/** An object that the API server returns: it has an identity, and its status can be missing or outdated. */
export const stored = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata: z.looseObject({
    name,
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.int(),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    annotations: annotations.optional(),
    labels: annotations.optional(),
  }),
  spec: storedSpec,
  // The status is derived from other objects, so an unreadable status is dropped and rebuilt.
  status: demoAppStatus.optional().catch(undefined),
});

/** A manifest with its defaults. */
export type DemoAppManifest = z.output<typeof manifest>;
/** A stored object with its defaults. */
export type DemoApp = z.output<typeof stored>;
export type DemoAppSpec = z.output<typeof demoAppSpec>;
export type DemoAppStatus = z.output<typeof demoAppStatus>;
export type Phase = (typeof phases)[number];
export type StrategySpec = DemoAppSpec["strategy"];
type Entry<K extends keyof DemoAppStatus> = NonNullable<DemoAppStatus[K]> extends (infer T)[] ? T : never;
export type Condition = Entry<"conditions">;
export type Blocker = Entry<"blockers">;
