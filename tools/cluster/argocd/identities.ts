import { readFile } from "node:fs/promises";
import { succeeds } from "../command.ts";
import { writeIfChanged } from "../embedded/files.ts";
import { copyOf } from "../kubeconfig.ts";
import { kubectl } from "../kubectl.ts";
import type { Cluster } from "../provider.ts";
import { NAMESPACE } from "./constants.ts";

/** A copy of a kubeconfig whose context is Argo CD's namespace, with another user if one is given. */
export const inArgoCdNamespace = (kubeconfig: string, user?: object): string =>
  copyOf(kubeconfig, (admin) => user ?? admin, NAMESPACE);

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
