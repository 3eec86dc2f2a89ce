import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { type ApiClient, type ResourceType, createClient } from "../../operator/runtime/client.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { until } from "../../tools/cluster/command.ts";
import { applyCrd, freshNamespace, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { kinds } from "../../tools/objects.ts";
import { fieldsOf, itemsOf } from "../sim/apiserver/json.ts";
import type { Setup } from "./environment.ts";

const roleFile = join(import.meta.dirname, "../../deploy/operator/role.yaml");
const fieldManager = "tests";

const v1 = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: group === rbac,
});
const rbac = "rbac.authorization.k8s.io";
const admission = "admissionregistration.k8s.io";
const roles = v1(rbac, "roles", "Role");
const roleBindings = v1(rbac, "rolebindings", "RoleBinding");
const reviews = v1("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview");
const policies = v1(admission, "validatingadmissionpolicies", "ValidatingAdmissionPolicy");
const policyBindings = v1(admission, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding");

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Rules of one verb each. */
const perVerb = (rules: readonly Rule[]): readonly Rule[] =>
  rules.flatMap((rule) => rule.verbs.map((verb) => ({ ...rule, verbs: [verb] })));

/** A rule of one verb, as `list apps/deployments`. */
const permissionOf = ({ apiGroups, resources, verbs }: Rule): string =>
  `${verbs[0]} ${apiGroups[0]}/${resources[0]}`;

/** The rules of the operator's own roles, leader election included. */
const operatorRules = perVerb(
  parseAllDocuments(readFileSync(roleFile, "utf8")).flatMap(
    (document) => itemsOf(fieldsOf(document.toJS()).rules) as unknown as readonly Rule[],
  ),
);

/** A copy of the kubeconfig whose user impersonates another one. */
async function impersonating(kubeconfig: string, user: string): Promise<string> {
  const config = fieldsOf(parse(await readFile(kubeconfig, "utf8")));
  const users = itemsOf(config["users"]).map((entry) => ({
    ...entry,
    user: { ...fieldsOf(entry["user"]), as: user },
  }));
  const file = join(await mkdtemp(join(tmpdir(), "demoapp-behaviour-")), "kubeconfig");
  await writeFile(file, stringify({ ...config, users }), { mode: 0o600 });
  return file;
}

/** Gives the permissions of the operator's roles to a user of the namespace, and resolves when they are in force. */
async function grantPermissions(
  { client, operatorClient, namespace, user }: Context,
  denied: readonly string[] = [],
): Promise<void> {
  const apiVersion = `${rbac}/v1`;
  const metadata = { name: "operator", namespace };
  const rules = operatorRules.filter((rule) => !denied.includes(permissionOf(rule)));
  await client.apply(roles, { apiVersion, kind: "Role", metadata, rules }, { fieldManager });
  const roleRef = { apiGroup: rbac, kind: "Role", name: "operator" };
  const subjects = [{ apiGroup: rbac, kind: "User", name: user }];
  const binding = { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects };
  await client.apply(roleBindings, binding, { fieldManager });
  const review = { apiVersion: "authorization.k8s.io/v1", kind: reviews.kind, metadata: { name: "" } };
  await until("the permissions are in force", 30_000, async () => {
    const { status } = await operatorClient.create(reviews, { ...review, spec: { namespace } });
    const granted = new Set(perVerb(fieldsOf(status)["resourceRules"] as readonly Rule[]).map(permissionOf));
    const isInForce = operatorRules
      .map(permissionOf)
      .every((permission) => granted.has(permission) !== denied.includes(permission));
    return isInForce || undefined;
  });
}

/** Lets a ValidatingAdmissionPolicy refuse Deployments of the namespace; the returned function removes the policy. */
async function denyImages({ client, namespace }: Context, text: string): Promise<() => Promise<void>> {
  const apiVersion = `${admission}/v1`;
  const metadata = { name: namespace };
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"] };
  const expression = `!object.spec.template.spec.containers.exists(c, c.image.contains('${text}'))`;
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: { resourceRules: [{ ...rule, resources: ["deployments"] }] },
    validations: [{ expression, message: `no image may be ${text}` }],
  };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  const matchResources = { namespaceSelector };
  const binding = { policyName: namespace, validationActions: ["Deny"], matchResources };
  const template = {
    metadata: { labels: { app: "trial" } },
    spec: { containers: [{ name: "app", image: text }] },
  };
  const trial = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "trial", namespace },
    spec: { replicas: 0, selector: { matchLabels: { app: "trial" } }, template },
  };
  await client.create(kinds.Deployment, trial);
  await client.apply(policies, { apiVersion, kind: policies.kind, metadata, spec }, { fieldManager });
  await client.apply(
    policyBindings,
    { apiVersion, kind: policyBindings.kind, metadata, spec: binding },
    { fieldManager },
  );
  await until("the policy is in force", 30_000, () => {
    const annotations = { trial: String(performance.now()) };
    const body = { metadata: { annotations } };
    return client.patch(kinds.Deployment, trial.metadata, { type: "merge", body }).then(
      () => undefined,
      (error: unknown) => error,
    );
  });
  await client.delete(kinds.Deployment, trial.metadata);
  return async () => {
    await client.delete(policyBindings, metadata);
    await client.delete(policies, metadata);
  };
}

/** Clients and names for one namespace. */
interface Context {
  readonly client: ApiClient;
  /** Sends requests as the operator's user. */
  readonly operatorClient: ApiClient;
  readonly namespace: string;
  readonly user: string;
}

/** A namespace on the cluster that all tests of the tier `api` share; the operator has only its own permissions. */
export async function realSetup(): Promise<Setup> {
  const { kubeconfig } = await testCluster("api");
  const client = createClient({ kubeconfig, userAgent: "tests" });
  await applyCrd(client);
  const namespace = await freshNamespace(client, `behaviour-${Math.random().toString(36).slice(2, 8)}`);
  const user = `operator-of-${namespace}`;
  const operatorKubeconfig = await impersonating(kubeconfig, user);
  const operatorClient = createClient({ kubeconfig: operatorKubeconfig });
  const context = { client, operatorClient, namespace, user };
  await grantPermissions(context);
  const cleanups: (() => Promise<void>)[] = [];
  return {
    client,
    namespace,
    clock: realClock,
    access: { kubeconfig: operatorKubeconfig },
    timeoutMs: 60_000,
    intervalMs: 100,
    deadlineSeconds: 6,
    denyAccess: async ({ group, plural }, verbs) => {
      await grantPermissions(
        context,
        verbs.map((verb) => `${verb} ${group}/${plural}`),
      );
      return () => grantPermissions(context);
    },
    denyImages: async (text) => void cleanups.push(await denyImages(context, text)),
    close: async () => {
      for (const cleanup of cleanups) await cleanup();
      await removeNamespace(client, namespace);
      await Promise.all([operatorClient.close(), client.close()]);
      await rm(join(operatorKubeconfig, ".."), { recursive: true });
    },
  };
}
