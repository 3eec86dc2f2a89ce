/** The API `DemoApp`: its types, and the checks of documents before and after they reach the API server. */
import * as z from "zod";
import { apiVersion, kind, maxNameLength, reservedSuffixes } from "./names.ts";
import { refined, type Rule } from "./schema/rule.ts";
import { demoAppSpec } from "./schema/spec.ts";
import { demoAppStatus, type phases } from "./schema/status.ts";

export type { Probe } from "./schema/probes.ts";
export { demoAppSpec, demoAppStatus };

/** What a name must be. The CEL is for the root of the object: only there may it look at the metadata. */
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

/** As people write it; a status in it is ignored, as the API server ignores it. */
export const manifest = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata: z.looseObject({ name, namespace: z.string().optional() }),
  spec: demoAppSpec,
  status: z.unknown().optional(),
});

/** As the API server returns it: it has an identity, and a status that may be missing or of another time. */
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
  spec: demoAppSpec,
  // A status is only a projection of other objects: one that can't be read is rebuilt.
  status: demoAppStatus.optional().catch(undefined),
});

/** A document as people write it, defaults filled in. */
export type DemoAppManifest = z.output<typeof manifest>;
/** An object as the API server stores it, defaults filled in. */
export type DemoApp = z.output<typeof stored>;
export type DemoAppSpec = z.output<typeof demoAppSpec>;
export type DemoAppStatus = z.output<typeof demoAppStatus>;
export type Phase = (typeof phases)[number];
export type StrategySpec = DemoAppSpec["strategy"];
type Entry<K extends keyof DemoAppStatus> = NonNullable<DemoAppStatus[K]> extends (infer T)[] ? T : never;
export type Condition = Entry<"conditions">;
export type Blocker = Entry<"blockers">;
