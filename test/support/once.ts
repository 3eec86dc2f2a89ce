import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { kinds, unlessMissing } from "../../tools/objects.ts";

const root = join(import.meta.dirname, "../..");

/** A hash of files (globs relative to the project) and settings. */
export function fingerprint(files: readonly string[], settings: object): string {
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of globSync(files, { cwd: root }).toSorted())
    if (statSync(join(root, file)).isFile()) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Work that is done once per cluster, and again when its fingerprint changes. */
export interface Once {
  readonly name: string;
  readonly fingerprint: string;
}

/** Does the work unless a ConfigMap records that it was done. Returns the result of the work, which must be JSON. */
export async function onceIn<T>(client: ApiClient, once: Once, work: () => Promise<T>): Promise<T> {
  const metadata = { namespace: "default", name: once.name };
  const recorded = await unlessMissing(client.get(kinds.ConfigMap, metadata));
  const { fingerprint, result: known = "" } = (recorded?.["data"] ?? {}) as Record<string, string>;
  if (fingerprint === once.fingerprint) return JSON.parse(known) as T;
  const result = await work();
  const data = { fingerprint: once.fingerprint, result: JSON.stringify(result) };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  await client.apply(kinds.ConfigMap, configMap, { fieldManager: "test", force: true });
  return result;
}
