import { readFile } from "node:fs/promises";
import { parse, stringify } from "yaml";
import { succeeds } from "../command.ts";
import { writeIfChanged } from "../embedded/files.ts";
import { kubectl } from "../kubectl.ts";
import type { Cluster } from "../provider.ts";
import { NAMESPACE } from "./constants.ts";

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: object }[];
  readonly users: readonly { readonly user: object }[];
}

/** A copy of a kubeconfig whose context is Argo CD's namespace, with another user if one is given. */
export function inArgoCdNamespace(kubeconfig: string, user?: object): string {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const context = { cluster: "cluster", user: "user", namespace: NAMESPACE };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster: clusters[0]?.cluster }],
    users: [{ name: "user", user: user ?? users[0]?.user }],
    contexts: [{ name: "argocd", context }],
    "current-context": "argocd",
  });
}

/** Writes a service account's kubeconfig. Keeps the file if the API server still accepts its token. */
export async function ensureIdentity(cluster: Cluster, account: string, file: string): Promise<void> {
  const existing = await readFile(file, "utf8").catch(() => "");
  const admin = await readFile(cluster.kubeconfig, "utf8");
  const token = /token: (\S+)/.exec(existing)?.[1];
  const isCurrent = existing === inArgoCdNamespace(admin, { token });
  if (isCurrent && (await succeeds([cluster.kubectl, "--kubeconfig", file, "auth", "whoami"]))) return;
  // Valid for a year, or until the service account is deleted.
  const created = await kubectl(cluster, ["create", "token", account, "-n", NAMESPACE, "--duration=8760h"]);
  await writeIfChanged(file, inArgoCdNamespace(admin, { token: created.trim() }));
}
