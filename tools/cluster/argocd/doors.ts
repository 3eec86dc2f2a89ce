import { PAUSE_IMAGE } from "../embedded/constants.ts";
import { NAMESPACE, deadlinesMs, ports } from "./constants.ts";
import type { Kubectl } from "./kubectl.ts";

/**
 * In core mode `argocd` finds redis and the repo server by a pod's label and forwards a port to it. These pods do
 * nothing; they are in the node's network, where those processes listen.
 */
const door = (component: string, port: number) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: component,
    namespace: NAMESPACE,
    labels: { "app.kubernetes.io/name": component, "app.kubernetes.io/part-of": "argocd" },
    annotations: { "demoapp.dev/description": `leads to the process ${component} on the node, port ${port}` },
  },
  spec: {
    hostNetwork: true,
    // Made just before; the namespace's own comes a moment later, and a pod is refused without.
    serviceAccountName: component,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "door", image: PAUSE_IMAGE }],
  },
});

export const doors = [
  door("argocd-redis", ports.redis),
  door("argocd-repo-server", ports.repoServer),
] as const;

export async function waitForDoors(kubectl: Kubectl): Promise<void> {
  const pods = ["pod/argocd-redis", "pod/argocd-repo-server"];
  const timeout = `--timeout=${deadlinesMs.pods / 1000}s`;
  await kubectl.run(["wait", "-n", NAMESPACE, "--for=condition=Ready", timeout, ...pods]);
}
