import { readFile, readdir } from "node:fs/promises";
import type { ApiClient } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { kinds } from "../../tools/objects.ts";
import { type Request, requestsOf } from "../support/audit.ts";
import { httpGet } from "../support/http.ts";
import { AppNamespace } from "./appnamespace.ts";
import { operatorName, operatorNamespace as namespace, waitForOperator } from "./installation.ts";
import { type Pod, isTerminating } from "./objects.ts";

/** The label of the operator's pods. */
const selector = `app.kubernetes.io/name=${operatorName}`;

const writeVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** The pid, on this machine, of the pod's container; the pod's other process is the sandbox's. */
export async function processOf(pod: Pod): Promise<number> {
  const uid = pod.metadata.uid;
  for (const entry of await readdir("/proc")) {
    const groups = await readFile(`/proc/${entry}/cgroup`, "utf8").catch(() => "");
    if (!groups.includes(`pod${uid}`) && !groups.includes(`pod${uid.replaceAll("-", "_")}`)) continue;
    const program = await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "");
    if (program !== "" && program.trim() !== "pause" && !program.startsWith("runc")) return Number(entry);
  }
  throw new Error(`pod ${pod.metadata.name} has no process on this machine`);
}

/** The installed operator: its pods, leader, metrics and requests. */
export class Operator extends AppNamespace {
  constructor(cluster: Cluster, client: ApiClient) {
    super(cluster, client, namespace);
  }

  override async pods(): Promise<readonly Pod[]> {
    const pods = await this.podsWith({ "app.kubernetes.io/name": operatorName });
    return pods.filter((pod) => !isTerminating(pod));
  }

  /** Waits until a pod that matches holds the lease. */
  async leader(matches: (pod: Pod) => boolean = () => true): Promise<Pod> {
    return until("an operator leads", 60_000, async () => {
      const { spec } = await this.get<{ spec: { holderIdentity?: string } }>(kinds.Lease, operatorName);
      return (await this.pods()).find((pod) => pod.metadata.name === spec.holderIdentity && matches(pod));
    });
  }

  /** Kills the leader's process. Its container restarts, unless another pod leads before. */
  killLeader = async (): Promise<boolean> => process.kill(await processOf(await this.leader()), "SIGKILL");

  remove = (pod: Pod): Promise<void> => this.client.delete(kinds.Pod, { namespace, name: pod.metadata.name });

  /** Deletes the lease, so that the next election starts as on a new cluster. */
  deleteLease = (): Promise<void> => this.client.delete(kinds.Lease, { namespace, name: operatorName });

  metrics = ({ status }: Pod): Promise<string> =>
    httpGet(this.cluster.inside, `http://${status.podIP}:8081/metrics`);

  /** Scales the operator and waits until a pod leads, or, for 0 replicas, until the last pod is deleted. */
  async scale(replicas: number): Promise<void> {
    await this.kubectl("scale", `deployment/${operatorName}`, `--replicas=${replicas}`);
    await this.ready();
    if (replicas > 0) await this.leader();
    else await this.kubectl("wait", "--for=delete", "pod", "-l", selector, "--timeout=30s");
  }

  /** Waits until every pod has the newest template and is available. */
  ready = (): Promise<string> => waitForOperator(this.cluster);

  /** Replaces the pods, and waits until the new pods are ready and one of them leads. */
  async restart(): Promise<void> {
    await this.kubectl("rollout", "restart", `deployment/${operatorName}`);
    await this.ready();
    await this.leader();
  }

  logs = (lines: number): Promise<string> =>
    this.kubectl("logs", "-l", selector, "--prefix", `--tail=${lines}`);

  /** The operator's requests since a time, from the API server's audit log. */
  requests(sinceMs: number): Promise<readonly Request[]> {
    return requestsOf(this.cluster, `system:serviceaccount:${namespace}:${operatorName}`, sinceMs);
  }

  /** The operator's requests since a time that write anything but a lease. */
  async writeRequests(sinceMs: number): Promise<readonly Request[]> {
    return (await this.requests(sinceMs)).filter(
      ({ verb, objectRef }) => writeVerbs.has(verb) && objectRef?.resource !== "leases",
    );
  }

  /** The operator's writes in a namespace since a time, as `patch deployments demo`. */
  async writes(sinceMs: number, inNamespace: string): Promise<readonly string[]> {
    return (await this.writeRequests(sinceMs))
      .filter(({ objectRef }) => objectRef?.namespace === inNamespace)
      .map(({ verb, objectRef: ref }) =>
        [verb, [ref?.resource, ref?.subresource].filter(Boolean).join("/"), ref?.name].join(" "),
      );
  }

  /** Waits until the operator has written nothing in the namespace for longer than its longest write delay. */
  quiet(inNamespace: string): Promise<true> {
    const quietMs = 5_000;
    return until("the operator has nothing left to write", 60_000, async () =>
      (await this.writes(Date.now() - quietMs, inNamespace)).length === 0 ? true : undefined,
    );
  }
}
