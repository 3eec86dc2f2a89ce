import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parse, stringify } from "yaml";
import { succeeds } from "../command.ts";
import { NAMESPACE } from "./constants.ts";
import type { Kubectl } from "./kubectl.ts";

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: object }[];
  readonly users: readonly { readonly user: object }[];
}

/** A kubeconfig for the cluster of another one, in Argo CD's namespace and as another user, if one is given. */
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

/** Writes a kubeconfig with which a service account is known to the API server; keeps one that still is good. */
export async function ensureIdentity(kubectl: Kubectl, account: string, file: string): Promise<void> {
  const known = await readFile(file, "utf8").catch(() => "");
  const admin = await kubectl.adminKubeconfig();
  const token = /token: (\S+)/.exec(known)?.[1];
  const wanted = inArgoCdNamespace(admin, { token });
  if (known === wanted && (await succeeds([kubectl.program, "--kubeconfig", file, "auth", "whoami"]))) return;
  // Good until the service account is deleted, or for a year.
  const fresh = await kubectl.run(["create", "token", account, "-n", NAMESPACE, "--duration=8760h"]);
  await writePrivately(file, inArgoCdNamespace(admin, { token: fresh.trim() }));
}

/** Writes a file whole or not at all, unless it already says so. */
export async function writePrivately(file: string, text: string, mode = 0o600): Promise<void> {
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, text, { mode });
  await rename(`${file}.tmp`, file);
}
