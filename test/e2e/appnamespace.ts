import { ownedBy } from "../../operator/api/names.ts";
import type { Phase } from "../../operator/api/schema.ts";
import type { ApiClient, ResourceType } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { kinds, unlessMissing } from "../../tools/objects.ts";
import {
  type DemoApp,
  type Deployment,
  type Pod,
  type Reported,
  type Service,
  isTerminating,
} from "./objects.ts";

const isReported = (app: DemoApp): app is Reported =>
  app.status !== undefined && app.status.observedGeneration === app.metadata.generation;

const rolloutMs = 60_000;

/** Spec of a test's app unless the test overrides it: quick probes, and room to start on a busy machine. */
export const appDefaults = {
  replicas: 2,
  probes: {
    liveness: { initialDelaySeconds: 30, periodSeconds: 1, timeoutSeconds: 5, path: "/health" },
    readiness: { initialDelaySeconds: 0, periodSeconds: 1, path: "/ready" },
  },
  resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "128Mi" } },
};

/** Reads the objects of an app in a namespace, by default of the app `web`. */
export class AppReader {
  readonly client: ApiClient;
  readonly namespace: string;

  constructor(client: ApiClient, namespace: string) {
    this.client = client;
    this.namespace = namespace;
  }

  async get<T>(resource: ResourceType, name = "web"): Promise<T> {
    return (await this.client.get(resource, { namespace: this.namespace, name })) as unknown as T;
  }
  deployment = (name?: string): Promise<Deployment> => this.get(kinds.Deployment, name);
  service = (name?: string): Promise<Service> => this.get(kinds.Service, name);

  /** The pods with these labels. */
  async podsWith(labels: Readonly<Record<string, string>>): Promise<readonly Pod[]> {
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const { items } = await this.client.list(kinds.Pod, { namespace: this.namespace, labelSelector });
    return items as unknown as readonly Pod[];
  }

  /** The app's pods, without terminating ones. */
  async pods(name = "web"): Promise<readonly Pod[]> {
    return (await this.podsWith(ownedBy(name))).filter((pod) => !isTerminating(pod));
  }

  /** The distinct images of the app's pods. */
  async podImages(name?: string): Promise<readonly string[]> {
    return [...new Set((await this.pods(name)).map(({ spec }) => spec.containers[0]?.image ?? ""))];
  }
}

/** A namespace of a cluster: reads its objects and waits for their states. */
export class AppNamespace extends AppReader {
  readonly cluster: Cluster;

  constructor(cluster: Cluster, client: ApiClient, namespace: string) {
    super(client, namespace);
    this.cluster = cluster;
  }

  app = (name: string): Promise<DemoApp> => this.get(kinds.DemoApp, name);

  async exists(resource: ResourceType, name: string): Promise<boolean> {
    return (await unlessMissing(this.get(resource, name))) !== undefined;
  }

  async events(name: string): Promise<readonly { readonly reason: string; readonly message: string }[]> {
    const fieldSelector = `involvedObject.kind=DemoApp,involvedObject.name=${name}`;
    const { items } = await this.client.list(kinds.Event, { namespace: this.namespace, fieldSelector });
    return items as unknown as readonly { reason: string; message: string }[];
  }

  /** Waits until the operator has reported on the newest spec and the app matches. */
  until(name: string, matches: (app: Reported) => boolean, deadlineMs = rolloutMs): Promise<Reported> {
    const probe = async (): Promise<Reported | undefined> => {
      const app = await this.app(name);
      return isReported(app) && matches(app) ? app : undefined;
    };
    return this.eventually(`${name}: ${matches.toString()}`, probe, deadlineMs);
  }

  /** Polls until `probe` returns a value. The error of a timeout contains the evidence. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined>, deadlineMs = rolloutMs): Promise<T> {
    try {
      return await until(what, deadlineMs, probe);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error([message, await this.evidence()].join("\n"), { cause: error });
    }
  }

  /** Waits until the app with its newest spec is in the phase. */
  phase = (name: string, phase: Phase, deadlineMs = rolloutMs): Promise<Reported> =>
    this.until(name, ({ status }) => status.phase === phase, deadlineMs);
  healthy = (name: string): Promise<Reported> => this.phase(name, "Healthy");

  /** Runs kubectl in this namespace. */
  kubectl = (...args: readonly string[]): Promise<string> =>
    kubectl(this.cluster, ["-n", this.namespace, ...args]);

  /** The state of the namespace, for an error message. */
  protected async evidence(): Promise<string> {
    const apps = await this.kubectl("get", "demoapps", "-o", "yaml");
    return [apps, await this.kubectl("get", "pods", "-o", "wide")].join("\n");
  }
}
