import type { Screen } from "./screen.ts";
import type { Shell } from "./shell.ts";

/** With a timeout, because the API server may be the part that fails. */
const kubectl = "kubectl --request-timeout=5s";
const logs = (labels: string): string => `logs -l ${labels} --tail=15 | pino-pretty --singleLine`;

const commands: readonly string[] = [
  `${kubectl} get demoapps --all-namespaces -o wide`,
  `${kubectl} get pods --all-namespaces -o wide`,
  `${kubectl} get events --all-namespaces --sort-by=.metadata.creationTimestamp | grep -v MissingClusterDNS | tail -n 30`,
  `for namespace in $(${kubectl} get demoapps -A -o jsonpath='{.items[*].metadata.namespace}'); do ${kubectl} -n $namespace ${logs("app.kubernetes.io/managed-by=demoapp-operator")}; done`,
  `${kubectl} -n demoapp-system ${logs("app.kubernetes.io/name=demoapp-operator")}`,
];

/** Prints objects, events and logs that help to understand a failure, as far as the cluster answers. */
export async function diagnose(screen: Screen, shell: Shell): Promise<void> {
  try {
    await shell.quietly(`${kubectl} version`);
  } catch (error) {
    return screen.text("", `The cluster does not answer: ${String(error).split("\n", 1)[0]}`);
  }
  for (const command of commands)
    await shell.show(command).catch((error: unknown) => screen.text(String(error)));
}
