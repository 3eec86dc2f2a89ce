import { createClient } from "../../operator/runtime/client.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import { freshNamespace, kinds, removeNamespace } from "../../tools/objects.ts";
import { testCluster } from "../../tools/testclusters.ts";
import { AppNamespace, appDefaults } from "./appnamespace.ts";
import { type Images, ensureInstalled } from "./installation.ts";
import type { DemoApp } from "./objects.ts";
import { Operator } from "./operator.ts";

/** The namespace of one test file, with the installed operator and the images. */
export class TestNamespace extends AppNamespace {
  readonly images: Images;
  readonly operator: Operator;

  private constructor({ cluster, client, namespace }: AppNamespace, images: Images) {
    super(cluster, client, namespace);
    this.images = images;
    this.operator = new Operator(cluster, client);
  }

  /** Starts the cluster, installs the operator and creates a namespace with this Pod Security level. */
  static async open(
    prefix: string,
    clusterName: "e2e" | "exclusive" = "e2e",
    security: "restricted" | "privileged" = "restricted",
  ): Promise<TestNamespace> {
    const cluster = await testCluster(clusterName);
    const client = createClient({ kubeconfig: cluster.kubeconfig });
    const images = await ensureInstalled(cluster, client);
    const labels = { "pod-security.kubernetes.io/enforce": security };
    const namespace = await freshNamespace(client, prefix, labels);
    return new TestNamespace(new AppNamespace(cluster, client, namespace), images);
  }

  async close(): Promise<void> {
    await removeNamespace(this.client, this.namespace);
    await this.client.close();
  }

  /** Server-side apply of a DemoApp. `spec` overrides the defaults of the tests. */
  async apply(name: string, spec: object = {}): Promise<DemoApp> {
    const object = {
      apiVersion: "demoapp.dev/v1",
      kind: "DemoApp",
      metadata: { name, namespace: this.namespace },
      spec: { image: this.images.first, ...appDefaults, progressDeadlineSeconds: 20, ...spec },
    };
    const applied = await this.client.apply(kinds.DemoApp, object, { fieldManager: "git", force: true });
    return applied as unknown as DemoApp;
  }

  /** Creates an object of any kind in the namespace. */
  create = (object: object): Promise<string> =>
    kubectl(this.cluster, ["-n", this.namespace, "create", "-f", "-"], JSON.stringify(object));

  /** Removes the status, as a restore from a backup without status does. */
  wipeStatus = (name: string): Promise<string> =>
    this.kubectl("patch", "demoapp", name, "--subresource=status", "--type=merge", "-p", '{"status":null}');

  annotate = (name: string, annotation: string): Promise<string> =>
    this.kubectl("annotate", "--overwrite", "demoapp", name, annotation);

  protected override async evidence(): Promise<string> {
    return [await super.evidence(), await this.operator.logs(20)].join("\n");
  }
}
