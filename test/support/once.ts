import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ApiClient, ApiError, type ResourceType } from "../../operator/runtime/client.ts";

const root = join(import.meta.dirname, "../..");

const configMaps: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** Changes with the files (globs, relative to the project) and with the settings. */
export function fingerprint(files: readonly string[], settings: object): string {
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of globSync(files, { cwd: root }).toSorted())
    if (statSync(join(root, file)).isFile()) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Something that is done once in a cluster's life, and again when what it is made from has changed. */
export interface Once {
  readonly name: string;
  readonly fingerprint: string;
}

/** Does the work unless the cluster has a note that another test file did; gives what the work gave. */
export async function onceIn<T>(client: ApiClient, once: Once, work: () => Promise<T>): Promise<T> {
  const note = { namespace: "default", name: once.name };
  const known = await noted(client, note);
  if (known["fingerprint"] === once.fingerprint) return JSON.parse(known["result"] ?? "") as T;
  const result = await work();
  const data = { fingerprint: once.fingerprint, result: JSON.stringify(result) };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: note, data };
  await client.apply(configMaps, configMap, { fieldManager: "test", force: true });
  return result;
}

async function noted(
  client: ApiClient,
  note: { readonly namespace: string; readonly name: string },
): Promise<Readonly<Record<string, string>>> {
  try {
    return (await client.get(configMaps, note))["data"] as Record<string, string>;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return {};
    throw error;
  }
}
