import { readFile, readdir } from "node:fs/promises";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { command, until } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { isOperatorReady, operatorName, operatorNamespace } from "./installation.ts";
import { type Pod, isGoing, kinds } from "./kinds.ts";

const namespace = operatorNamespace;

/** One request in the API server's audit log. */
export interface Request {
  readonly verb: string;
  readonly user: {
    readonly username: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stageTimestamp: string;
}

export const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** The process of a pod's own container, as the machine numbers it; the pod's other one only holds it open. */
export async function processOf(pod: Pod): Promise<number> {
  const uid = pod.metadata.uid;
  for (const entry of await readdir("/proc")) {
    const groups = await readFile(`/proc/${entry}/cgroup`, "utf8").catch(() => "");
    if (!groups.includes(`pod${uid}`) && !groups.includes(`pod${uid.replaceAll("-", "_")}`)) continue;
    const program = await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "");
    if (program !== "" && program.trim() !== "pause" && !program.startsWith("runc")) return Number(entry);
  }
  throw new Error(`no process of pod ${pod.metadata.name} is found on this machine`);
}

/** The operator as it is installed, to look at and to disturb. */
export class Operator {
  readonly #cluster: Cluster;
  readonly #client: ApiClient;

  constructor(cluster: Cluster, client: ApiClient) {
    this.#cluster = cluster;
    this.#client = client;
  }

  async pods(): Promise<readonly Pod[]> {
    const labelSelector = `app.kubernetes.io/name=${operatorName}`;
    const { items } = await this.#client.list(kinds.Pod, { namespace, labelSelector });
    return (items as unknown as readonly Pod[]).filter((pod) => !isGoing(pod));
  }

  /** The pod that holds the lease, if need be once it is such a one. */
  async leader(matches: (pod: Pod) => boolean = () => true): Promise<Pod> {
    return until("an operator leads", 60_000, async () => {
      const lease = await this.#client.get(kinds.Lease, { namespace, name: operatorName });
      const { holderIdentity } = lease["spec"] as { holderIdentity?: string };
      return (await this.pods()).find((pod) => pod.metadata.name === holderIdentity && matches(pod));
    });
  }

  /** Asks a pod of it to stop. */
  remove = (pod: Pod): Promise<void> =>
    this.#client.delete(kinds.Pod, { namespace, name: pod.metadata.name });

  /** Removes the lease, as on a cluster where the operator is new. */
  deleteLease = (): Promise<void> => this.#client.delete(kinds.Lease, { namespace, name: operatorName });

  /** The metrics of one of its pods. */
  metrics(pod: Pod): Promise<string> {
    const url = `http://${pod.status.podIP}:8081/metrics`;
    const script = `fetch(${JSON.stringify(url)}).then(async (answer) => console.log(await answer.text()))`;
    return command([...this.#cluster.inside, process.execPath, "--eval", script]);
  }

  /** Runs so many replicas and waits until it is so; 0 waits until the last one is gone. */
  async scale(replicas: number): Promise<void> {
    const ref = { namespace, name: operatorName };
    await this.#client.patch(kinds.Deployment, ref, { type: "merge", body: { spec: { replicas } } });
    await this.ready();
    if (replicas > 0) return void (await this.leader());
    await until("the operator is gone", 30_000, async () => ((await this.#count()) === 0 ? true : undefined));
  }

  /** Waits until every pod of the operator is of its newest template, and ready. */
  ready = (): Promise<true> => until("the operator is ready", 60_000, () => isOperatorReady(this.#client));

  /** Replaces its pods, and waits until the new ones are ready and one of them leads. */
  async restart(): Promise<void> {
    await this.#kubectl("rollout", "restart", `deployment/${operatorName}`);
    await this.ready();
    await this.leader();
  }

  logs = (lines: number): Promise<string> =>
    this.#kubectl("logs", "-l", `app.kubernetes.io/name=${operatorName}`, "--prefix", `--tail=${lines}`);

  /** What it asked of the API server since a moment, by the API server's own notes. */
  async requests(sinceMs: number): Promise<readonly Request[]> {
    const file = this.#cluster.logFile("audit");
    if (file === undefined) throw new Error("this provider keeps no audit log: use DEMOAPP_CLUSTER=embedded");
    const user = `system:serviceaccount:${namespace}:${operatorName}`;
    return (await readFile(file, "utf8"))
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as Request)
      .filter((request) => request.user.username === user && Date.parse(request.stageTimestamp) >= sinceMs);
  }

  /** What it wrote since a moment, as `patch apps/deployments demo`; the lease apart. */
  async writes(sinceMs: number, inNamespace?: string): Promise<readonly string[]> {
    return (await this.requests(sinceMs))
      .filter(({ verb, objectRef }) => writes.has(verb) && objectRef?.resource !== "leases")
      .filter(({ objectRef }) => inNamespace === undefined || objectRef?.namespace === inNamespace)
      .map(({ verb, objectRef: ref }) =>
        [verb, [ref?.resource, ref?.subresource].filter(Boolean).join("/"), ref?.name].join(" "),
      );
  }

  /** Waits until it has written nothing there for longer than it holds anything back. */
  quiet(inNamespace: string): Promise<true> {
    const quietMs = 5_000;
    return until("the operator has nothing left to write", 60_000, async () =>
      (await this.writes(Date.now() - quietMs, inNamespace)).length === 0 ? true : undefined,
    );
  }

  async #count(): Promise<number> {
    const labelSelector = `app.kubernetes.io/name=${operatorName}`;
    return (await this.#client.list(kinds.Pod, { namespace, labelSelector })).items.length;
  }

  #kubectl(...args: readonly string[]): Promise<string> {
    const { kubectl, kubeconfig } = this.#cluster;
    return command([kubectl, "--kubeconfig", kubeconfig, "-n", namespace, ...args]);
  }
}
