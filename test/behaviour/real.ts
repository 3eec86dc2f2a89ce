import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { until } from "../../tools/cluster/command.ts";
import { copyOf } from "../../tools/cluster/kubeconfig.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { applyCrd, clusterWide, freshNamespace, namespaced, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { fieldsOf, itemsOf } from "../sim/apiserver/json.ts";
import { applyPolicies, operatorUser, protectedLabels } from "../support/admission.ts";
import type { Setup } from "./environment.ts";

const roleFile = join(import.meta.dirname, "../../deploy/operator/role.yaml");
const fieldManager = "tests";

const rbac = "rbac.authorization.k8s.io";
const roles = namespaced(rbac, "roles", "Role");
const roleBindings = namespaced(rbac, "rolebindings", "RoleBinding");
const reviews = clusterWide("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview");

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
  const file = join(await mkdtemp(join(tmpdir(), "demoapp-behaviour-")), "kubeconfig");
  const text = copyOf(await readFile(kubeconfig, "utf8"), (admin) => ({ ...admin, as: user }));
  await writeFile(file, text, { mode: 0o600 });
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
async function denyImages({ cluster, namespace }: Context, text: string): Promise<() => Promise<void>> {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: namespace };
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"] };
  const expression = `!object.spec.template.spec.containers.exists(c, c.image.contains('${text}'))`;
  const policy = {
    failurePolicy: "Fail",
    matchConstraints: { resourceRules: [{ ...rule, resources: ["deployments"] }] },
    validations: [{ expression, message: `no image may be ${text}` }],
  };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  const matchResources = { namespaceSelector };
  const binding = { policyName: namespace, validationActions: ["Deny"], matchResources };
  const items = [
    { apiVersion, kind: "ValidatingAdmissionPolicy", metadata, spec: policy },
    { apiVersion, kind: "ValidatingAdmissionPolicyBinding", metadata, spec: binding },
  ];
  const objects = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(cluster, ["create", "-f", "-"], objects);
  const trial = ["-n", namespace, "create", "deployment", "trial", `--image=${text}`, "--dry-run=server"];
  await until("the policy is in force", 30_000, () =>
    kubectl(cluster, trial).then(
      () => undefined,
      (error: unknown) => (String(error).includes("no image may be") ? true : undefined),
    ),
  );
  return async () => void (await kubectl(cluster, ["delete", "-f", "-"], objects));
}

/** Clients and names for one namespace. */
interface Context {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  /** Sends requests as the operator's user. */
  readonly operatorClient: ApiClient;
  readonly namespace: string;
  readonly user: string;
}

let policies: Promise<void> | undefined;

/**
 * A namespace on the cluster that all tests of the tier `api` share. The operator has only its own permissions, and the
 * policies of deploy/operator/admission-policy apply to everybody else.
 */
export async function realSetup(): Promise<Setup> {
  const cluster = await testCluster("api");
  const { kubeconfig } = cluster;
  const client = createClient({ kubeconfig, userAgent: "tests" });
  await applyCrd(client);
  const prefix = `behaviour-${Math.random().toString(36).slice(2, 8)}`;
  const namespace = await freshNamespace(client, prefix, protectedLabels);
  policies ??= applyPolicies(cluster, namespace);
  await policies;
  const user = operatorUser;
  const operatorKubeconfig = await impersonating(kubeconfig, user);
  const operatorClient = createClient({ kubeconfig: operatorKubeconfig });
  const context = { cluster, client, operatorClient, namespace, user };
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
