import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type ApiClient, type ObjectInput, type ResourceType } from "../operator/runtime/client.ts";

const crdFile = join(import.meta.dirname, "../crds/demoapps.demoapp.dev.yaml");
const fieldManager = "test";

export const demoapps: ResourceType = {
  group: "demoapp.dev",
  version: "v1",
  plural: "demoapps",
  kind: "DemoApp",
  namespaced: true,
};
export const crds: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};
const namespaces: ResourceType = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

/** The CRD as it lies in the repository. */
export const crd = (): ObjectInput => parse(readFileSync(crdFile, "utf8")) as ObjectInput;

type Condition = { readonly type: string; readonly status: string };

/** Applies the CRD and waits until the API server serves it. Rejects after 30 s. */
export async function applyCrd(client: ApiClient): Promise<void> {
  await client.apply(crds, crd(), { fieldManager, force: true });
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { status } = await client.get(crds, { name: crd().metadata.name });
    const { conditions } = (status ?? {}) as { conditions?: readonly Condition[] | null };
    // A CRD that was made just now has null there.
    if (conditions?.some(({ type, status: is }) => type === "Established" && is === "True")) return;
    if (performance.now() > deadline) throw new Error(`the CRD is not served: ${JSON.stringify(conditions)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/** Makes a namespace that no other test uses, and returns its name. */
export async function freshNamespace(client: ApiClient, prefix: string): Promise<string> {
  const name = `${prefix}-${process.pid}-${Date.now().toString(36)}`;
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return name;
}

/** Asks for a namespace and all that is in it to be removed. */
export const removeNamespace = (client: ApiClient, name: string): Promise<void> =>
  client.delete(namespaces, { name });
