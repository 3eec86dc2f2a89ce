import { deploymentName, labels } from "../../../operator/api/names.ts";
import type { KubeObject } from "../../../operator/runtime/client.ts";
import type { DemoApp, Deployment, Pod } from "../../e2e/objects.ts";
import type { FakeApiServer } from "../../sim/apiserver/server.ts";
import { imageOf } from "../../sim/kubelet/status.ts";
import { isReady } from "../../sim/controllers/workload.ts";
import type { RequestedApp } from "./users.ts";

const childKinds = [
  "deployments.apps",
  "services.",
  "controllerrevisions.apps",
  "replicasets.apps",
  "pods.",
] as const;
const appKind = "demoapps.demoapp.dev";

/** The objects on the API server, compared with what the users requested. */
export class World {
  readonly #server: FakeApiServer;
  readonly #apps: readonly RequestedApp[];
  /** The specs of the first app's Deployment and Service at the first check, when nobody has edited them yet. */
  #model: string | undefined;

  constructor(server: FakeApiServer, apps: readonly RequestedApp[]) {
    this.#server = server;
    this.#apps = apps;
  }

  /** What differs from what it has to be in the end: one sentence for each difference, computed as they are read. */
  *problems(): Generator<string, void> {
    const children = Map.groupBy(
      childKinds.flatMap((kind) => this.#list(kind).map((object) => ({ kind, object }))),
      ({ object: { metadata } }) => `${metadata.namespace}/${metadata.labels?.[labels.name]}`,
    );
    for (const app of this.#apps) {
      const own = children.get(`${app.namespace}/${app.name}`) ?? [];
      const problems =
        app.spec === undefined
          ? own.map(({ kind, object }) => `${kind} ${object.metadata.name} is left behind`)
          : [...this.#statusProblems(app), ...this.#childProblems(app)];
      for (const problem of problems) yield `${app.namespace}/${app.name}: ${problem}`;
    }
  }

  #list = (kind: string, namespace?: string): readonly KubeObject[] =>
    this.#server.api.store.list(this.#server.api.kind(kind), namespace);

  #get = (
    kind: string,
    { namespace, name }: Pick<RequestedApp, "namespace" | "name">,
  ): KubeObject | undefined => this.#server.api.store.get(this.#server.api.kind(kind), namespace, name);

  #statusProblems(app: RequestedApp): readonly string[] {
    const { status, metadata } = (this.#get(appKind, app) ?? { metadata: {} }) as unknown as DemoApp;
    const isGood = app.spec?.image === app.serving;
    const rejected = status?.rejected?.some(({ image }) => image === app.spec?.image) === true;
    return differences({
      generation: [status?.observedGeneration, metadata.generation],
      phase: [status?.phase, isGood ? "Healthy" : "Degraded"],
      stable: [status?.stable?.image, app.serving],
      "number of pods in the status": [status?.replicas, app.spec?.replicas],
      "requested image rejected": [rejected, !isGood],
    });
  }

  #childProblems(app: RequestedApp): readonly string[] {
    const deployment = this.#get("deployments.apps", app) as Deployment | undefined;
    const service = this.#get("services.", app);
    if (deployment === undefined || service === undefined) return ["a child is missing"];
    const content = specsOf(app, deployment, service);
    this.#model ??= content;
    const pods = this.#list("pods.", app.namespace).filter(
      ({ metadata }) => metadata.labels?.[labels.name] === app.name,
    );
    const replicas = app.spec?.replicas ?? 0;
    const candidate = { namespace: app.namespace, name: deploymentName(app.name, "candidate") };
    return differences({
      candidate: [this.#get("deployments.apps", candidate)?.metadata.name, undefined],
      image: [deployment.spec.template.spec.containers[0]?.image, app.serving],
      replicas: [deployment.spec.replicas, replicas],
      children: [content, this.#model],
      pods: [pods.map(imageOf).join(), Array.from({ length: replicas }, () => app.serving).join()],
      "ready pods": [pods.filter(isReady).length, replicas],
    });
  }
}

const differences = (fields: Readonly<Record<string, readonly [unknown, unknown]>>): readonly string[] =>
  Object.entries(fields).flatMap(([name, [actual, expected]]) =>
    actual === expected ? [] : [`${name} is ${String(actual)} instead of ${String(expected)}`],
  );

/** What is the same for all apps in the specs of the children. */
function specsOf({ name, serving }: RequestedApp, deployment: Deployment, service: KubeObject): string {
  const { template, ...spec } = deployment.spec;
  const hash = (template.metadata as Pod["metadata"]).labels[labels.hash] ?? "";
  const { clusterIP: _, clusterIPs: __, ...serviceSpec } = service["spec"] as Record<string, unknown>;
  return sorted({ spec: { ...spec, replicas: 0 }, template, serviceSpec })
    .replaceAll(name, "NAME")
    .replaceAll(serving, "IMAGE")
    .replaceAll(hash, "HASH");
}

/** JSON with sorted keys: the order of keys depends on the history of an object. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
