import {
  apiVersion,
  childAnnotations as keys,
  kind,
  labels,
  revisionName,
} from "../../../operator/api/names.ts";
import { demoAppSpec, type DemoAppSpec } from "../../../operator/api/schema.ts";
import { canonicalHashOf } from "../../../operator/core/hash.ts";
import { rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { appOf } from "../../../operator/controller/transform.ts";
import type { App, ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Fields, compact } from "../../sim/apiserver/json.ts";
import { editDocument, editObject } from "./edits.ts";
import { podObject } from "./pods.ts";
import { type DeploymentPlan, type RevisionPlan, type World, ownedMetadata } from "./world.ts";

const objectOf = (object: object): KubeObject => object as KubeObject;

const namespace = "team";
const uid = "uid-web";

/** What a case stores in the API server. */
export interface Objects {
  readonly app: App;
  readonly deployments: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  readonly revisions: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly scalers: readonly KubeObject[];
}

const plain = demoAppSpec.parse({ image: "app:1" });
const older = demoAppSpec.parse({ image: "app:0", env: [{ name: "A", value: "b" }] });

/** The DemoApp as the API server stores it. */
function documentOf(world: World): KubeObject {
  const { name, generation, annotations, spec, unknownFields, status, documentEdits } = world;
  const document: Fields = {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, generation, resourceVersion: "5", annotations },
    spec: { ...spec, ...unknownFields },
    ...(status !== "computed" && status !== undefined && { status }),
  };
  return documentEdits.reduce<Fields>(editDocument, document) as unknown as KubeObject;
}

/** The app of each spec that cases share, as the cache of the controller has it before an event of the same generation. */
const known = new WeakMap<object, App>();

function parsedApp(world: World): App {
  const document = documentOf(world);
  const isShared = world.documentEdits.length === 0 && Object.keys(world.unknownFields).length === 0;
  if (!isShared) return appOf(document);
  const { generation } = world;
  const previous = known.get(world.spec);
  const app = appOf(document, previous && { ...previous, generation });
  known.set(world.spec, app);
  return app;
}

/** Templates by spec and name of the app. */
const templates = new WeakMap<DemoAppSpec, Map<string, Fields>>();

function templateOf(spec: DemoAppSpec, app: App): Fields {
  const byName = templates.get(spec) ?? new Map<string, Fields>();
  templates.set(spec, byName);
  const template = byName.get(app.name) ?? renderPodTemplate(app, spec);
  byName.set(app.name, template);
  return template;
}

/** The objects of a case before anybody edits them. */
class Builder {
  readonly #world: World;
  readonly #observed: ObservedApp;
  readonly #requested: DemoAppSpec;

  constructor(world: World, app: App) {
    this.#world = world;
    this.#requested = app.spec ?? plain;
    this.#observed = { app: { ...app, spec: this.#requested } } as ObservedApp;
  }

  #spec(of: string): DemoAppSpec {
    return of === "requested" ? this.#requested : of === "before" ? plain : older;
  }

  #templateOf(of: string): Fields {
    return templateOf(this.#spec(of), this.#observed.app);
  }

  #metadata(owner: string, more: object): object {
    const { name } = this.#world;
    const own = { namespace, uid: "uid-child", resourceVersion: "7", generation: 1 };
    return { ...own, ...more, ...ownedMetadata({ name, uid }, owner) };
  }

  deployment(track: "stable" | "candidate", given: DeploymentPlan): KubeObject {
    const { replicas } = this.#requested;
    const rendered = renderDeployment(this.#observed, {
      track,
      size: given.size,
      rollingUpdate: rollingUpdateOf(this.#requested),
      template: this.#templateOf(given.of),
      annotations: given.progress,
      restartedAt: given.restartedAt,
    });
    const all = { replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas };
    const failure = { type: "ReplicaFailure", status: "True", message: given.failure };
    const settled = given.counts === null;
    return objectOf({
      ...rendered,
      metadata: this.#metadata(given.owner, { ...rendered.metadata, managedFields: given.managedFields }),
      spec: { ...(rendered["spec"] as Fields), ...(settled && { replicas }) },
      status: {
        ...(settled ? { ...all, observedGeneration: 1 } : given.counts),
        ...(given.failure !== undefined && { conditions: [failure] }),
      },
    });
  }

  service({ owner, managedFields }: NonNullable<World["service"]>): KubeObject {
    const rendered = renderService(this.#observed, "stable");
    const metadata = this.#metadata(owner, { ...rendered.metadata, managedFields });
    return objectOf({
      ...rendered,
      metadata,
      spec: { ...(rendered["spec"] as Fields), clusterIP: "10.0.0.1" },
    });
  }

  revision({ of, rollout, outcome, owner, texts }: RevisionPlan): KubeObject {
    const hash = canonicalHashOf(this.#spec(of));
    const { name } = this.#world;
    const annotations = compact({
      [keys.image]: this.#spec(of).image,
      ...texts,
      [keys.outcome]: outcome || undefined,
    });
    return objectOf({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: this.#metadata(owner, {
        name: revisionName(name, hash),
        labels: { [labels.name]: name, [labels.managedBy]: "demoapp-operator", [labels.hash]: hash },
        annotations,
        creationTimestamp: "2025-12-31T00:00:00Z",
      }),
      revision: rollout,
      data: { template: this.#templateOf(of) },
    });
  }

  pod({ of, createdAt, status }: World["pods"][number], at: number): KubeObject {
    const hash = canonicalHashOf(this.#spec(of));
    return objectOf(podObject({ name: this.#world.name, namespace }, at, { hash, status, createdAt }));
  }

  scaler(scaler: World["scalers"][number]): KubeObject {
    const scaleTargetRef = { apiVersion: "apps/v1", kind: scaler.kind, name: this.#world.name };
    const metadata = { name: scaler.name || "hpa", namespace };
    return {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: { scaleTargetRef },
    };
  }
}

/** One object for each name, as in the API server: the first one. */
const byName = (objects: readonly KubeObject[]): readonly KubeObject[] => [
  ...new Map(objects.toReversed().map((object) => [object.metadata.name, object])).values(),
];

function edited<T extends keyof Omit<Objects, "app">>(
  kinds: Pick<Objects, T>,
  { edits }: World,
): Pick<Objects, T> {
  const all = Object.entries(kinds).flatMap(([kind, list]) =>
    (list as readonly KubeObject[]).map((object) => ({ kind, object })),
  );
  for (const edit of edits) {
    const chosen = all[edit.object % Math.max(1, all.length)];
    if (chosen) chosen.object = editObject(chosen.object, edit) as unknown as KubeObject;
  }
  const of = (kind: string) => all.filter((one) => one.kind === kind).map(({ object }) => object);
  return Object.fromEntries(Object.keys(kinds).map((kind) => [kind, of(kind)])) as unknown as Pick<
    Objects,
    T
  >;
}

/** Builds the objects of a case. */
export function objectsOf(world: World): Objects {
  const app = parsedApp(world);
  const builder = new Builder(world, app);
  const { deployment, candidate, service } = world;
  const children = {
    deployments: [
      ...(deployment ? [builder.deployment("stable", deployment)] : []),
      ...(candidate ? [builder.deployment("candidate", candidate)] : []),
    ],
    services: service ? [builder.service(service)] : [],
    revisions: byName(world.revisions.map((revision) => builder.revision(revision))),
    pods: world.pods.map((pod, at) => builder.pod(pod, at)),
    scalers: world.scalers.map((scaler) => builder.scaler(scaler)),
  };
  return { app, ...edited(children, world) };
}
