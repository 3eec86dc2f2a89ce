import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { PermanentError, until } from "../command.ts";
import { type Access, isReady, kubectl } from "../kubectl.ts";
import type { ComponentName } from "../provider.ts";
import type { Layout } from "./components.ts";
import { KWOK_NODES, deadlinesMs, ports } from "./constants.ts";
import type { Processes } from "./processes.ts";

/** True if the process of a component is ready. */
type Probe = (pid: number, layout: Layout) => Promise<boolean>;

/** True if a process in the network namespace of `pid` listens on the port. Works from outside the namespace. */
export async function listens(pid: number, port: number): Promise<boolean> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((file) => readFile(`/proc/${pid}/net/${file}`, "utf8")),
  );
  return isListening(tables.join("\n"), port);
}

/** Parses a table in the format of /proc/net/tcp: field 1 is the local address, and state 0A means LISTEN. */
export function isListening(table: string, port: number): boolean {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").some((line) => {
    const [, address = "", , state] = line.trim().split(/\s+/);
    return address.endsWith(hex) && state === "0A";
  });
}

const listensOn =
  (port: number): Probe =>
  (pid) =>
    listens(pid, port);

const acceptsOn = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => resolve(true)).once("error", () => resolve(false));
    connection.once("connect", () => connection.destroy());
  });

const probes: Record<ComponentName, Probe> = {
  etcd: listensOn(ports.etcd),
  // A look at the port is much cheaper than a process of kubectl.
  "kube-apiserver": async (pid, layout) =>
    (await listens(pid, ports.apiServer)) && (await isReady(accessTo(layout))),
  "kube-controller-manager": listensOn(ports.controllerManager),
  "kube-scheduler": listensOn(ports.scheduler),
  kubelet: listensOn(ports.kubelet),
  "kube-proxy": listensOn(ports.proxyHealth),
  containerd: (_, { paths }) => acceptsOn(paths.containerdSocket),
  registry: listensOn(ports.registry),
  kwok: listensOn(ports.kwok),
};

/** Waits until a started component is ready. */
export const waitUntilReady = (name: ComponentName, processes: Processes, layout: Layout): Promise<void> =>
  waitForProcess(name, processes, (pid) => probes[name](pid, layout));

/** Waits until `probe` succeeds. If the process ends first, rejects at once with the end of its log. */
export async function waitForProcess(
  name: string,
  processes: Processes,
  probe: (pid: number) => Promise<boolean>,
): Promise<void> {
  await until(`${name} ready`, deadlinesMs.component, async () => {
    const pid = await processes.pid(name);
    if (pid === undefined)
      throw new PermanentError(
        `${name} ended; ${processes.logFile(name)}:\n  ${processes.lastLogLines(name)}`,
      );
    return (await probe(pid)) ? true : undefined;
  });
}

const accessTo = ({ paths, kubernetes }: Layout): Access => ({
  kubectl: join(kubernetes, "kubectl"),
  kubeconfig: paths.kubeconfig,
});

/** Waits until every node is ready. `kubectl wait` fails while there is no node. */
export const waitForNodes = (layout: Layout): Promise<string> =>
  until("nodes ready", deadlinesMs.node, () =>
    kubectl(accessTo(layout), ["wait", "--for=condition=Ready", "node", "--all", "--timeout=10s"]),
  );

/** Creates the fake nodes of a kwok cluster and waits until kwok has made them ready. */
export async function addFakeNodes(layout: Layout): Promise<void> {
  const items = Array.from({ length: KWOK_NODES }, (_, index) => {
    const name = `kwok-${index + 1}`;
    const labels = { "kubernetes.io/hostname": name, type: "kwok" };
    return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
  });
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(accessTo(layout), ["apply", "--server-side", "--force-conflicts", "-f", "-"], list);
  await waitForNodes(layout);
}

/** Waits for the objects that pods need in a namespace: the controller manager creates them. */
export function waitForControllers(layout: Layout): Promise<string> {
  const names = ["serviceaccount/default", "configmap/kube-root-ca.crt"];
  return until("default namespace ready", deadlinesMs.controllers, () =>
    kubectl(accessTo(layout), ["get", "-n", "default", ...names]),
  );
}
