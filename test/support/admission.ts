import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { until } from "../../tools/cluster/command.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";

const folder = join(import.meta.dirname, "../../deploy/operator/admission-policy");

/** The user that the policies treat as the operator. */
export const operatorUser = "system:serviceaccount:demoapp-system:demoapp-operator";

interface PolicyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** The objects of deploy/operator/admission-policy, rendered as `kubectl apply -k` does. */
export async function admissionPolicies(cluster: Cluster): Promise<readonly PolicyObject[]> {
  const documents = parseAllDocuments(await kubectl(cluster, ["kustomize", folder]));
  return documents.map((document) => document.toJS() as PolicyObject);
}

/** The label of namespaces to which the policies apply: tests share the cluster. */
export const protectedLabels = { "tests.demoapp.dev/admission-policy": "bound" };

const isBinding = ({ kind }: PolicyObject): boolean => kind === "ValidatingAdmissionPolicyBinding";

/** The binding, limited to the labelled namespaces. */
const limited = (binding: PolicyObject): PolicyObject => ({
  ...binding,
  spec: { ...binding.spec, matchResources: { namespaceSelector: { matchLabels: protectedLabels } } },
});

/**
 * Applies deploy/operator/admission-policy to all namespaces with `protectedLabels`, of which `namespace` is one. Resolves
 * when the policies are in force.
 */
export async function applyPolicies(cluster: Cluster, namespace: string): Promise<void> {
  const items = (await admissionPolicies(cluster)).map((one) => (isBinding(one) ? limited(one) : one));
  const objects = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(cluster, ["apply", "--server-side", "-f", "-"], objects);
  const probe = ["-n", namespace, "create", "--dry-run=server", "-f", "-"];
  const metadata = { name: "probe", labels: { "demoapp.dev/probe": "" } };
  const service = JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ port: 80 }] },
  });
  await until("the policies are in force", 30_000, () =>
    kubectl(cluster, probe, service).then(
      () => undefined,
      (error: unknown) => (String(error).includes("DemoApp operator") ? true : undefined),
    ),
  );
}

/** The labels by which the policies know the operator's objects. */
export const ours = { "app.kubernetes.io/name": "web", "app.kubernetes.io/managed-by": "demoapp-operator" };
export const annotations = { "demoapp.dev/rollout": "1" };

const template = (name: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: "app", image: "registry.local/web:1" }] },
});
export const deployment = (name: string, metadata: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, ...metadata },
  spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: template(name) },
});
export const service = (name: string, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, ...metadata },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});
export const revision = (name: string, metadata: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: { name, ...metadata },
  revision: 1,
  data: { template: {} },
});

/** An owner reference to the DemoApp `web`. */
export const ownerOf = (uid: string, controller: boolean) => ({
  apiVersion: "demoapp.dev/v1",
  kind: "DemoApp",
  name: "web",
  uid,
  controller,
  blockOwnerDeletion: controller,
});

/** The objects of the DemoApp `web` during a blue-green rollout, as the operator creates them. */
export function childrenOf(uid: string): readonly object[] {
  const on = (track: string) => ({
    labels: { ...ours, "demoapp.dev/track": track },
    annotations,
    ownerReferences: [ownerOf(uid, true)],
  });
  return [
    ...[deployment, service, revision].map((render) => render("web", on("stable"))),
    deployment("web-candidate", on("candidate")),
    service("web-preview", on("candidate")),
  ];
}
