import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ApiClient, type ResourceType, createClient } from "../../../operator/runtime/client.ts";
import { until } from "../../../tools/cluster/command.ts";
import { fieldsOf, itemsOf } from "../../sim/apiserver/json.ts";
import type { Verb } from "../world.ts";

const roleFile = join(import.meta.dirname, "../../../deploy/operator/role.yaml");
const fieldManager = "tests";

const rbac = (plural: string, kind: string): ResourceType => ({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
const roles = rbac("roles", "Role");
const roleBindings = rbac("rolebindings", "RoleBinding");
const reviews: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectaccessreviews",
  kind: "SelfSubjectAccessReview",
  namespaced: false,
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What deploy/operator lets the operator do, leader election included. */
const allRules = (): readonly Rule[] =>
  parseAllDocuments(readFileSync(roleFile, "utf8")).flatMap(
    (document) => itemsOf(fieldsOf(document.toJS()).rules) as unknown as readonly Rule[],
  );

/** A user of the operator's permissions in one namespace, and no others. */
export class OperatorUser {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #self: ApiClient;

  constructor(client: ApiClient, namespace: string, kubeconfig: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#self = createClient({ kubeconfig });
  }

  /** Gives it all that deploy/operator does but for some verbs on one resource; ends once the server goes by it. */
  async allow(but?: { readonly resource: ResourceType; readonly verbs: readonly Verb[] }): Promise<void> {
    const lacks = (resources: readonly string[], verb: string): boolean =>
      but !== undefined && resources.includes(but.resource.plural) && but.verbs.includes(verb as Verb);
    const rules = allRules()
      .map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => !lacks(rule.resources, verb)) }))
      .filter(({ verbs }) => verbs.length > 0);
    const metadata = { name: "operator", namespace: this.#namespace };
    const apiVersion = "rbac.authorization.k8s.io/v1";
    await this.#client.apply(roles, { apiVersion, kind: "Role", metadata, rules }, { fieldManager });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "operator" };
    const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: userOf(this.#namespace) }];
    const binding = { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects };
    await this.#client.apply(roleBindings, binding, { fieldManager });
    for (const { apiGroups, resources, verbs } of allRules())
      for (const verb of verbs)
        await until(`${verb} ${resources[0]}`, 30_000, async () =>
          (await this.#may(apiGroups[0], resources[0], verb)) === lacks(resources, verb) ? undefined : true,
        );
  }

  async #may(group = "", resource = "", verb = ""): Promise<boolean> {
    const [plural, subresource] = resource.split("/");
    const resourceAttributes = {
      namespace: this.#namespace,
      group,
      resource: plural,
      verb,
      ...(subresource !== undefined && { subresource }),
      ...(plural === "leases" && { name: "demoapp-operator" }),
    };
    const review = { apiVersion: "authorization.k8s.io/v1", kind: reviews.kind, metadata: { name: "" } };
    const { status } = await this.#self.create(reviews, { ...review, spec: { resourceAttributes } });
    return fieldsOf(status)["allowed"] === true;
  }

  close(): Promise<void> {
    return this.#self.close();
  }
}

export const userOf = (namespace: string): string => `operator-of-${namespace}`;
