import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { PermanentError, until } from "../command.ts";
import type { ComponentName } from "../provider.ts";
import type { Api } from "./api.ts";
import type { Layout } from "./components.ts";
import { KWOK_NODES, NODE_NAME, deadlinesMs, ports } from "./constants.ts";
import type { Processes } from "./processes.ts";

interface ProbeInput {
  readonly pid: number;
  readonly api: Api;
  readonly layout: Layout;
}

type Probe = (input: ProbeInput) => Promise<boolean>;

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
  ({ pid }) =>
    listens(pid, port);

const acceptsOn = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => resolve(true)).once("error", () => resolve(false));
    connection.once("connect", () => connection.destroy());
  });

const probes: Record<ComponentName, Probe> = {
  etcd: listensOn(ports.etcd),
  "kube-apiserver": async ({ api }) => (await api.get("/readyz")).status === 200,
  "kube-controller-manager": listensOn(ports.controllerManager),
  "kube-scheduler": listensOn(ports.scheduler),
  kubelet: listensOn(ports.kubelet),
  "kube-proxy": listensOn(ports.proxyHealth),
  containerd: ({ layout }) => acceptsOn(layout.paths.containerdSocket),
  registry: listensOn(ports.registry),
  kwok: listensOn(ports.kwok),
};

/** Waits until a started component is ready. */
export const waitUntilReady = (
  name: ComponentName,
  processes: Processes,
  input: Omit<ProbeInput, "pid">,
): Promise<void> => waitForProcess(name, processes, (pid) => probes[name]({ pid, ...input }));

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

interface NodeStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Waits until every node is ready. */
async function waitForNodes(api: Api, names: readonly string[]): Promise<void> {
  const isReady = async (name: string): Promise<boolean> => {
    const { status: code, body } = await api.get(`/api/v1/nodes/${name}`);
    if (code !== 200) return false;
    const { status } = JSON.parse(body) as NodeStatus;
    return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  };
  await until("nodes ready", deadlinesMs.node, async () =>
    (await Promise.all(names.map(isReady))).every(Boolean) ? true : undefined,
  );
}

export const waitForNode = (api: Api): Promise<void> => waitForNodes(api, [NODE_NAME]);

/** Creates the fake nodes of a kwok cluster and waits until kwok has made them ready. */
export async function addFakeNodes(api: Api): Promise<void> {
  const names = Array.from({ length: KWOK_NODES }, (_, index) => `kwok-${index + 1}`);
  const nodes = names.map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, type: "kwok" } },
  }));
  await Promise.all(nodes.map((node) => api.apply(`/api/v1/nodes/${node.metadata.name}`, node)));
  await waitForNodes(api, names);
}

/** Waits for the objects that pods need in a namespace: the controller manager creates them. */
export async function waitForControllers(api: Api): Promise<void> {
  const paths = ["serviceaccounts/default", "configmaps/kube-root-ca.crt"];
  await until("default namespace ready", deadlinesMs.controllers, async () => {
    const responses = await Promise.all(paths.map((path) => api.get(`/api/v1/namespaces/default/${path}`)));
    return responses.every(({ status }) => status === 200) ? true : undefined;
  });
}
