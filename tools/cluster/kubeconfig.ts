import { parse, stringify } from "yaml";

/** A kubeconfig with one context. */
export const kubeconfigOf = (cluster: object = {}, user: object = {}, namespace?: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "demoapp", cluster }],
    users: [{ name: "demoapp", user }],
    contexts: [{ name: "demoapp", context: { cluster: "demoapp", user: "demoapp", namespace } }],
    "current-context": "demoapp",
  });

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: object }[];
  readonly users: readonly { readonly user: object }[];
}

/** A copy of a kubeconfig with the user that `change` returns, in a namespace if one is given. */
export function copyOf(kubeconfig: string, change: (user: object) => object, namespace?: string): string {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  return kubeconfigOf(clusters[0]?.cluster, change(users[0]?.user ?? {}), namespace);
}
