import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { command, until } from "../command.ts";
import type { Cluster } from "../provider.ts";
import { NAMESPACE, deadlinesMs } from "./constants.ts";
import { kindsFirst } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

/** kubectl as the administrator of a cluster. */
export class Kubectl {
  readonly program: string;
  readonly kubeconfig: string;

  constructor({ kubectl, kubeconfig }: Cluster) {
    this.program = kubectl;
    this.kubeconfig = kubeconfig;
  }

  adminKubeconfig(): Promise<string> {
    return readFile(this.kubeconfig, "utf8");
  }

  run(args: readonly string[], input = ""): Promise<string> {
    return command([this.program, "--kubeconfig", this.kubeconfig, ...args], { input });
  }

  /** Server-side apply; the field manager is the same as that of a user who types the same. */
  async apply(items: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await this.run(["apply", "--server-side", "--force-conflicts", "-f", "-"], list);
  }

  /** Applies Argo CD's objects and what goes with them, and waits until its kinds can be used. */
  async install(objects: readonly KubeObject[], more: readonly object[] = []): Promise<void> {
    const [kinds, others] = kindsFirst(objects);
    await Promise.all([this.#installKinds(kinds), this.apply([...others, ...more])]);
  }

  /** They are large: where the same are there already, applying them again would be most of a warm start. */
  async #installKinds(kinds: readonly KubeObject[]): Promise<void> {
    const hash = createHash("sha256").update(JSON.stringify(kinds)).digest("hex").slice(0, 12);
    const names = kinds.map(({ metadata }) => `crd/${metadata.name}`);
    const path = `{.items[*].metadata.annotations.${HASH.replaceAll(".", String.raw`\.`)}}`;
    const known = await this.run(["get", ...names, "--ignore-not-found", "-o", `jsonpath=${path}`]);
    if (known === kinds.map(() => hash).join(" ")) return;
    await this.apply(kinds.map((one) => annotated(one, { [HASH]: hash })));
    // A CRD that was made just now has null for its conditions, at which kubectl gives up.
    await until("Argo CD's kinds are served", deadlinesMs.kinds, () =>
      this.run(["wait", "--for=condition=Established", "--timeout=10s", ...names]),
    );
  }

  /** Makes the project `default` unless there is one, as Argo CD's API server does when it starts. */
  async ensureDefaultProject(): Promise<void> {
    const known = ["get", "appproject", "default", "-n", NAMESPACE, "--ignore-not-found", "-o", "name"];
    if ((await this.run(known)).trim() === "") await this.apply([defaultProject]);
  }
}

/** On Argo CD's kinds: what was applied. */
const HASH = "demoapp.dev/applied";

const annotated = (object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
});

const defaultProject = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  metadata: { name: "default", namespace: NAMESPACE },
  spec: {
    sourceRepos: ["*"],
    destinations: [{ server: "*", namespace: "*" }],
    clusterResourceWhitelist: [{ group: "*", kind: "*" }],
  },
} as const;
