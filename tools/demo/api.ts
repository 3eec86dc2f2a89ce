import type { DemoAppStatus } from "../../operator/api/schema.ts";
import type { Application } from "../gitops/application.ts";
import { type KubePod, type Pod, podOf } from "./pods.ts";

/** The sample app; deploy/webapp/base gives it these names. */
export const app = { namespace: "sre-demo", name: "sre-demo-app" } as const;

/** The DemoApp as the API server has it. */
export interface KubeApp {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly image: string; readonly minReadySeconds: number; readonly replicas: number };
  readonly status?: DemoAppStatus;
}

/** Where an app is, and what it is called. */
interface Place {
  readonly namespace: string;
  readonly name: string;
}

const applicationsPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

const TIMEOUT_MS = 10_000;

/** Reads the cluster through `kubectl proxy`, which has the credentials. */
export class Api {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** The Service, asked through the API server, which picks a pod for each request. */
  get serviceUrl(): string {
    return `${this.#base}/api/v1/namespaces/${app.namespace}/services/${app.name}:80/proxy/`;
  }

  readonly demoApp = ({ namespace, name }: Place = app): Promise<KubeApp> =>
    this.#get(`/apis/demoapp.dev/v1/namespaces/${namespace}/demoapps/${name}`);

  /** An app's pods, those that are being stopped too. */
  async pods({ namespace, name }: Place, minReadySeconds: number): Promise<readonly Pod[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${name}`);
    const { items } = await this.#get<{ items: readonly KubePod[] }>(
      `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`,
    );
    const nowMs = Date.now();
    return items.map((pod) => podOf(pod, minReadySeconds * 1000, nowMs));
  }

  readonly application = (name: string): Promise<Application> => this.#get(`${applicationsPath}/${name}`);

  /** Every Application of Argo CD, by name. */
  async applications(): Promise<ReadonlyMap<string, Application>> {
    const { items } = await this.#get<{ items: readonly Application[] }>(applicationsPath);
    return new Map(items.map((application) => [application.metadata.name, application]));
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#base}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
