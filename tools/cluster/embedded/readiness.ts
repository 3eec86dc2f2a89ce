import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { Hopeless, until } from "../command.ts";
import type { ComponentName } from "../provider.ts";
import type { Api } from "./api.ts";
import type { Layout } from "./components.ts";
import { KWOK_NODES, NODE_NAME, deadlinesMs, ports } from "./constants.ts";
import type { Processes } from "./processes.ts";

/** What a probe may ask. */
interface Asked {
  readonly pid: number;
  readonly api: Api;
  readonly layout: Layout;
}

type Probe = (asked: Asked) => Promise<boolean>;

/** Does a process of the network namespace of `pid` listen on the port? Works from outside the namespace. */
export async function listens(pid: number, port: number): Promise<boolean> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((file) => readFile(`/proc/${pid}/net/${file}`, "utf8")),
  );
  return isListening(tables.join("\n"), port);
}

const listensOn =
  (port: number): Probe =>
  ({ pid }) =>
    listens(pid, port);

/** Reads a table in /proc/net/tcp format: local address in field 1, state 0A is LISTEN. */
export function isListening(table: string, port: number): boolean {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").some((line) => {
    const fields = line.trim().split(/\s+/);
    return (fields[1]?.endsWith(hex) ?? false) && fields[3] === "0A";
  });
}

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

/** Waits until a started component serves; fails at once, with its last words, if it ends instead. */
export function waitUntilReady(
  name: ComponentName,
  processes: Processes,
  { api, layout }: { readonly api: Api; readonly layout: Layout },
): Promise<void> {
  return waitForProcess(name, processes, (pid) => probes[name]({ pid, api, layout }));
}

/** The same for any process, which serves once `probe` says so. */
export async function waitForProcess(
  name: string,
  processes: Processes,
  probe: (pid: number) => Promise<boolean>,
): Promise<void> {
  await until(`${name} ready`, deadlinesMs.component, async () => {
    const pid = await processes.pid(name);
    if (pid === undefined)
      throw new Hopeless(`${name} ended; ${processes.logFile(name)}:\n  ${processes.lastWords(name)}`);
    return (await probe(pid)) ? true : undefined;
  });
}

interface NodeStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function nodeIsReady(api: Api, name: string): Promise<boolean> {
  const answer = await api.get(`/api/v1/nodes/${name}`);
  if (answer.status !== 200) return false;
  const { status } = JSON.parse(answer.body) as NodeStatus;
  return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
}

/** Waits for the real node. */
export async function waitForNode(api: Api): Promise<void> {
  await until("node ready", deadlinesMs.node, async () =>
    (await nodeIsReady(api, NODE_NAME)) ? true : undefined,
  );
}

/** Makes the fake nodes of a kwok cluster and waits until kwok has taken them on. */
export async function addFakeNodes(api: Api): Promise<void> {
  const names = Array.from({ length: KWOK_NODES }, (_, index) => `kwok-${index + 1}`);
  await Promise.all(
    names.map((name) =>
      api.apply(`/api/v1/nodes/${name}`, {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels: { "kubernetes.io/hostname": name, type: "kwok" } },
      }),
    ),
  );
  await until("fake nodes ready", deadlinesMs.node, async () => {
    const ready = await Promise.all(names.map((name) => nodeIsReady(api, name)));
    return ready.every(Boolean) ? true : undefined;
  });
}

/** Waits for what pods need in a namespace: controllers make the service account and the CA's ConfigMap. */
export async function waitForControllers(api: Api): Promise<void> {
  const wanted = ["serviceaccounts/default", "configmaps/kube-root-ca.crt"];
  await until("default namespace ready", deadlinesMs.controllers, async () => {
    const answers = await Promise.all(wanted.map((path) => api.get(`/api/v1/namespaces/default/${path}`)));
    return answers.every(({ status }) => status === 200) ? true : undefined;
  });
}
