import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ApiClient, ApiError, type ObjectRef } from "../../operator/runtime/client.ts";
import { kinds } from "../../tools/objects.ts";

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
  const recorded = await dataOf(client, metadata);
  if (recorded["fingerprint"] === once.fingerprint) return JSON.parse(recorded["result"] ?? "") as T;
  const result = await work();
  const data = { fingerprint: once.fingerprint, result: JSON.stringify(result) };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  await client.apply(kinds.ConfigMap, configMap, { fieldManager: "test", force: true });
  return result;
}

async function dataOf(client: ApiClient, ref: ObjectRef): Promise<Readonly<Record<string, string>>> {
  try {
    return (await client.get(kinds.ConfigMap, ref))["data"] as Record<string, string>;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return {};
    throw error;
  }
}
