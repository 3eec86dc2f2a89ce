import type { ApiClient, ResourceType } from "../../../operator/runtime/client.ts";
import { until } from "../../../tools/cluster/command.ts";
import type { Send } from "../../sim/fidelity/wire.ts";

const fieldManager = "tests";

const policy = (plural: string, kind: string): ResourceType => ({
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural,
  kind,
  namespaced: false,
});
const policies = policy("validatingadmissionpolicies", "ValidatingAdmissionPolicy");
const policyBindings = policy("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding");
const trial = (text: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "trial" },
  spec: {
    selector: { matchLabels: { app: "trial" } },
    template: {
      metadata: { labels: { app: "trial" } },
      spec: { containers: [{ name: "app", image: text }] },
    },
  },
});

/** Lets a ValidatingAdmissionPolicy refuse Deployments of a namespace. */
export async function refuseImages(
  { client, send }: { client: ApiClient; send: Send },
  namespace: string,
  text: string,
): Promise<() => Promise<void>> {
  const metadata = { name: namespace };
  const apiVersion = "admissionregistration.k8s.io/v1";
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"] };
  const expression = `!object.spec.template.spec.containers.exists(c, c.image.contains('${text}'))`;
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: { resourceRules: [{ ...rule, resources: ["deployments"] }] },
    validations: [{ expression, message: `no image may be ${text}` }],
  };
  await client.apply(policies, { apiVersion, kind: policies.kind, metadata, spec }, { fieldManager });
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  const binding = {
    policyName: namespace,
    validationActions: ["Deny"],
    matchResources: { namespaceSelector },
  };
  const object = { apiVersion, kind: policyBindings.kind, metadata, spec: binding };
  await client.apply(policyBindings, object, { fieldManager });
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`;
  await until("the policy is in force", 30_000, async () => {
    const { code } = await send({ method: "POST", path, body: trial(text) });
    return code >= 400 ? true : undefined;
  });
  return async () => {
    await client.delete(policyBindings, metadata);
    await client.delete(policies, metadata);
  };
}
