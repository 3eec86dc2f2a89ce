import { stringify } from "yaml";
import { ownedBy } from "../../operator/api/names.ts";
import type { DemoAppStatus, Phase } from "../../operator/api/schema.ts";
import { type ApiClient, ApiError } from "../../operator/runtime/client.ts";
import type { ResourceType } from "../../operator/runtime/client.ts";
import { command, until } from "../../tools/cluster/command.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { type Deployment, type Pod, type Service, isGoing, kinds } from "./kinds.ts";

export interface DemoApp {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>> & { readonly replicas: number; readonly image: string };
  readonly status?: DemoAppStatus;
}

/** A DemoApp that the operator has seen: it always writes its lists, empty ones too. */
export type Reported = DemoApp & {
  readonly status: DemoAppStatus & {
    readonly [L in "rejected" | "history" | "blockers"]: NonNullable<DemoAppStatus[L]>;
  };
};

const isReported = (app: DemoApp): app is Reported =>
  app.status !== undefined && app.status.observedGeneration === app.metadata.generation;

const rolloutMs = 60_000;

/** A namespace of a cluster, and what can be seen in it. */
export class Place {
  readonly cluster: Cluster;
  readonly client: ApiClient;
  readonly namespace: string;

  constructor(cluster: Cluster, client: ApiClient, namespace: string) {
    this.cluster = cluster;
    this.client = client;
    this.namespace = namespace;
  }

  async get<T>(resource: ResourceType, name: string): Promise<T> {
    return (await this.client.get(resource, { namespace: this.namespace, name })) as unknown as T;
  }
  app = (name: string): Promise<DemoApp> => this.get(kinds.DemoApp, name);
  deployment = (name: string): Promise<Deployment> => this.get(kinds.Deployment, name);
  service = (name: string): Promise<Service> => this.get(kinds.Service, name);

  async exists(resource: ResourceType, name: string): Promise<boolean> {
    try {
      await this.get(resource, name);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      throw error;
    }
  }

  /** The app's pods, without those that are on their way out. */
  async pods(name: string): Promise<readonly Pod[]> {
    const labelSelector = Object.entries(ownedBy(name))
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const { namespace } = this;
    const { items } = await this.client.list(kinds.Pod, { namespace, labelSelector });
    return (items as unknown as readonly Pod[]).filter((pod) => !isGoing(pod));
  }

  async events(name: string): Promise<readonly { readonly reason: string; readonly message: string }[]> {
    const fieldSelector = `involvedObject.kind=DemoApp,involvedObject.name=${name}`;
    const { items } = await this.client.list(kinds.Event, { namespace: this.namespace, fieldSelector });
    return items as unknown as readonly { reason: string; message: string }[];
  }

  /** Waits until the app is as `matches` wants it; else fails with the app and the operator's log. */
  async until(name: string, matches: (app: Reported) => boolean, deadlineMs = rolloutMs): Promise<Reported> {
    try {
      return await until(`${name}: ${matches.toString()}`, deadlineMs, async () => {
        const app = await this.app(name);
        return isReported(app) && matches(app) ? app : undefined;
      });
    } catch (error) {
      const { spec, status } = await this.app(name);
      const words = error instanceof Error ? error.message : String(error);
      throw new Error([words, stringify({ spec, status }), await this.evidence()].join("\n"), {
        cause: error,
      });
    }
  }

  /** Polls until there is a value; a failure carries what a person would look at first. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined>, deadlineMs = rolloutMs): Promise<T> {
    try {
      return await until(what, deadlineMs, probe);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new Error([words, await this.evidence()].join("\n"), { cause: error });
    }
  }

  /** Waits until the app is in the phase, and that is about its newest spec. */
  phase = (name: string, phase: Phase, deadlineMs = rolloutMs): Promise<Reported> =>
    this.until(name, ({ status }) => status.phase === phase, deadlineMs);
  healthy = (name: string): Promise<Reported> => this.phase(name, "Healthy");

  /** kubectl in this namespace, as a person would use it. */
  kubectl(...args: readonly string[]): Promise<string> {
    const { kubectl, kubeconfig } = this.cluster;
    return command([kubectl, "--kubeconfig", kubeconfig, "-n", this.namespace, ...args]);
  }

  /** What a person would look at first when something did not happen. */
  protected evidence(): Promise<string> {
    return this.kubectl("get", "demoapps,pods", "-o", "wide");
  }
}
