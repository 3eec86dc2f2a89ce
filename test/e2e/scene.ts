import { type ApiClient, createClient } from "../../operator/runtime/client.ts";
import { command } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { freshNamespace } from "../../tools/objects.ts";
import { type Images, install } from "./installation.ts";
import { kinds } from "./kinds.ts";
import { Operator } from "./operator.ts";
import { type DemoApp, Place } from "./place.ts";

const eachSecond = { initialDelaySeconds: 0, periodSeconds: 1 };

/** What a test's app has unless it says otherwise: quick probes, a short deadline, room to start quickly. */
const defaults = {
  replicas: 2,
  progressDeadlineSeconds: 20,
  probes: {
    // A start takes its time on a machine that tests share.
    liveness: { initialDelaySeconds: 10, periodSeconds: 1, timeoutSeconds: 5, path: "/health" },
    readiness: { ...eachSecond, path: "/ready" },
  },
  resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "128Mi" } },
};

/** One test file's place in the cluster: a namespace of its own, and what can be done and seen there. */
export class Scene extends Place {
  readonly images: Images;
  readonly operator: Operator;

  private constructor(cluster: Cluster, client: ApiClient, of: { images: Images; namespace: string }) {
    super(cluster, client, of.namespace);
    this.images = of.images;
    this.operator = new Operator(cluster, client);
  }

  /** The cluster up, the operator installed, and an empty namespace under the given Pod Security. */
  static async open(prefix: string, security: "restricted" | "privileged" = "restricted"): Promise<Scene> {
    const cluster = await testCluster("e2e");
    const client = createClient({ kubeconfig: cluster.kubeconfig });
    const images = await install(cluster, client);
    const namespace = await freshNamespace(client, prefix);
    const labels = { "pod-security.kubernetes.io/enforce": security };
    const body = { metadata: { labels } };
    await client.patch(kinds.Namespace, { name: namespace }, { type: "merge", body });
    return new Scene(cluster, client, { images, namespace });
  }

  async close(): Promise<void> {
    await this.client.delete(kinds.Namespace, { name: this.namespace });
    await this.client.close();
  }

  /** Server-side apply of a DemoApp; `spec` is laid over the defaults of the tests. */
  async apply(name: string, spec: object = {}): Promise<DemoApp> {
    const { namespace, images } = this;
    const object = {
      apiVersion: "demoapp.dev/v1",
      kind: "DemoApp",
      metadata: { name, namespace },
      spec: { image: images.first, ...defaults, ...spec },
    };
    const applied = await this.client.apply(kinds.DemoApp, object, { fieldManager: "git", force: true });
    return applied as unknown as DemoApp;
  }

  /** The version that the app's pods run, by image. */
  async runs(name: string): Promise<readonly string[]> {
    const pods = await this.pods(name);
    return [...new Set(pods.map((pod) => pod.spec.containers[0]?.image ?? ""))];
  }

  /** Creates an object of any kind here. */
  create(object: object): Promise<string> {
    const { kubectl, kubeconfig } = this.cluster;
    const argv = [kubectl, "--kubeconfig", kubeconfig, "-n", this.namespace, "create", "-f", "-"];
    return command(argv, { input: JSON.stringify(object) });
  }

  /** Loses the status, as a backup does that was restored without it. */
  wipeStatus = (name: string): Promise<string> =>
    this.kubectl("patch", "demoapp", name, "--subresource=status", "--type=merge", "-p", '{"status":null}');

  annotate = (name: string, annotation: string): Promise<string> =>
    this.kubectl("annotate", "--overwrite", "demoapp", name, annotation);

  protected override async evidence(): Promise<string> {
    return [await super.evidence(), await this.operator.logs(20)].join("\n");
  }
}
