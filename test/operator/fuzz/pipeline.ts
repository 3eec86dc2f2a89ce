import { labels } from "../../../operator/api/names.ts";
import { type Caches, observe } from "../../../operator/controller/observe.ts";
import { publishEvents, publishOnce } from "../../../operator/controller/publishevents.ts";
import { childOf, revisionObjectOf } from "../../../operator/controller/children.ts";
import { Templates } from "../../../operator/controller/templates.ts";
import { podOf, scalerOf, storedStatusOf } from "../../../operator/controller/transform.ts";
import { Warnings } from "../../../operator/controller/warnings.ts";
import type { App, Observed } from "../../../operator/core/observed.ts";
import {
  type Plan,
  type Problems,
  type Report,
  plan,
  reportOf,
  undecidedWrites,
} from "../../../operator/core/plan.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { byKey } from "../../../operator/runtime/controller.ts";
import { EventRecorder, type EventRecorderOptions } from "../../../operator/runtime/events.ts";
import type { ApiClient, KubeObject, ObjectRef, ResourceType } from "../../../operator/runtime/kubernetes.ts";
import type { Logger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Store } from "../../../operator/runtime/store.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { startMs } from "../core/objects.ts";
import { type Objects, objectsOf } from "./objects.ts";
import type { World } from "./world.ts";

/** Everything that one reconcile lets out of the process, and what it was made of. */
export interface Outputs {
  readonly observed: Observed;
  readonly planned: Plan;
  readonly report: Report;
  /** The Events as they are sent to the API server. */
  readonly events: readonly KubeObject[];
  /** The fields and messages of the log. */
  readonly log: readonly unknown[];
}

const bare = { apiVersion: "v1", kind: "DemoApp", metadata: { name: "web" } };
const metrics = createMetrics();

const cacheOf = <T>(
  objects: readonly KubeObject[],
  transform: (object: KubeObject) => T,
  keyOf: (object: T) => string,
) => {
  const store = new Store<T>({ [byKey]: (object) => [keyOf(object)] });
  for (const object of objects) store.set(object.metadata.namespace, object.metadata.name, transform(object));
  return { store };
};

type Labelled = { readonly metadata: KubeObject["metadata"] };
const isManaged = ({ metadata }: Labelled) => metadata.labels?.[labels.managedBy] === "demoapp-operator";
const appKey = ({ metadata }: Labelled) => `${metadata.namespace}/${metadata.labels?.[labels.name]}`;

/** The caches as the controller declares them: with its label selector, its transforms and its keys. */
function cachesOf({ app, deployments, services, revisions, pods, scalers }: Objects): Caches {
  const apps = new Store<App>();
  apps.set(app.namespace, app.name, app);
  const caches = {
    apps: { store: apps },
    deployments: cacheOf(deployments.filter(isManaged), childOf, appKey),
    services: cacheOf(services.filter(isManaged), childOf, appKey),
    revisions: cacheOf(revisions.filter(isManaged), revisionObjectOf, appKey),
    pods: cacheOf(pods.filter(isManaged), podOf, (pod) => `${pod.namespace}/${pod.app}`),
    scalers: cacheOf(scalers, scalerOf, ({ namespace, deployment }) => `${namespace}/${deployment}`),
  };
  return caches as unknown as Caches;
}

function clientOf({ deployments, services, revisions }: Objects, { lookup, events }: World) {
  const sent: KubeObject[] = [];
  const client = {
    get: ({ kind }: ResourceType, { name }: ObjectRef) => {
      if (lookup !== undefined) throw new ApiError(403, { message: lookup });
      const all = { Deployment: deployments, Service: services, ControllerRevision: revisions };
      const found = all[kind as keyof typeof all].find(({ metadata }) => metadata.name === name);
      if (found === undefined) throw new ApiError(404, { reason: "NotFound" });
      return Promise.resolve(found);
    },
    list: () => Promise.resolve({ items: events, metadata: {} }),
    create: (_: unknown, object: KubeObject) => {
      sent.push(object);
      return Promise.resolve(object);
    },
  };
  return { client: client as unknown as ApiClient, sent };
}

/** A logger that keeps the arguments of each call. */
function loggerOf(lines: unknown[]): Logger {
  const keep = (...line: unknown[]) => void lines.push(line);
  return { debug: keep, info: keep, warn: keep, error: keep } as unknown as Logger;
}

/** The refusals and failures of a plan's writes. */
export function problemsOf({ actions }: Plan, { problems, isRepeated }: World): Problems {
  const of = (areRefused: boolean) =>
    problems.flatMap(({ at, status, message, contestedBy, isRefused }) => {
      const action = actions[at % Math.max(1, actions.length)];
      if (action === undefined || isRefused !== areRefused) return [];
      const { kind, metadata } = action.object;
      const contested = contestedBy === undefined ? {} : { contestedBy };
      return [{ scope: action.scope, object: `${kind}/${metadata.name}`, status, message, ...contested }];
    });
  return { refused: of(true), failed: of(false), isRepeated };
}

async function publish(
  { app }: Observed,
  { planned, report }: Pick<Outputs, "planned" | "report">,
  options: EventRecorderOptions,
) {
  const recorder = new EventRecorder(options);
  const sinks = { recorder, log: options.log };
  for (const action of planned.actions) if (action.outcome) await publishOnce(app, action.outcome, sinks);
  await publishEvents(app, report, { ...sinks, include: () => true });
  await recorder.flush();
}

/** Observes, plans and reports as `reconcile` does, without any write. */
async function once(objects: Objects, world: World): Promise<Outputs | undefined> {
  const { client, sent } = clientOf(objects, world);
  const lines: unknown[] = [];
  const log = loggerOf(lines);
  const clock = new VirtualClock(startMs + world.seconds * 1000);
  const caches = cachesOf(objects);
  const { namespace, name } = objects.app;
  const warnings = new Warnings({ client, clock, log });
  const observed = await observe(`${namespace}/${name}`, {
    caches,
    client,
    warnings,
    templates: new Templates(),
    measurer: { analysisOf: () => undefined },
  });
  if (observed === undefined) return undefined;
  const planned = plan(observed, clock.now());
  undecidedWrites(planned);
  const report = reportOf(planned, problemsOf(planned, world));
  await publish(
    observed,
    { planned, report },
    { component: "demoapp-operator", instance: "pod", client, clock, log, metrics },
  );
  return { observed, planned, report, events: sent, log: lines };
}

/** Runs one case. With a computed status, the app has the status that a reconcile without problems has written before. */
export async function run(world: World): Promise<Outputs> {
  const objects = objectsOf(world);
  if (world.status !== "computed") return outputsOf(await once(objects, world));
  const before = await once(objects, { ...world, seconds: 0, problems: [] });
  const status = storedStatusOf({
    ...bare,
    status: JSON.parse(JSON.stringify(before?.report.status)) as unknown,
  });
  return outputsOf(await once({ ...objects, app: { ...objects.app, status } }, world));
}

function outputsOf(outputs: Outputs | undefined): Outputs {
  if (outputs === undefined) throw new Error("the app is in no cache");
  return outputs;
}
