import * as fc from "fast-check";
import { fieldsOf, itemsOf, type Fields } from "../../../sim/apiserver/json.ts";
import { at, revision, startMs } from "../objects.ts";
import type { Simulation } from "./simulation.ts";
import { withSteps } from "./specs.ts";

/** An event that the operator does not cause. */
type Command = (simulation: Simulation) => void;

const images = [
  "good:1",
  "good:2",
  "good:3",
  "slow:1",
  "crash:1",
  "never:1",
  "missing:1",
  "secret:1",
  "flap:1",
];

const newestRollout = ({ revisions }: Simulation): number =>
  Math.max(0, ...revisions.map(({ rollout }) => rollout));

/** Changes the pod spec within a Deployment's spec. */
const inPod =
  (change: (pod: Fields) => Fields) =>
  (spec: Fields): Fields => {
    const template = fieldsOf(spec["template"]);
    return {
      ...spec,
      template: {
        ...template,
        spec: { ...fieldsOf(template["spec"]), ...change(fieldsOf(template["spec"])) },
      },
    };
  };

/** Changes that a user makes to the spec of a Deployment by hand. */
const manualChanges: Readonly<Record<string, (spec: Fields) => Fields>> = {
  replicas: (spec) => ({ ...spec, replicas: 7 }),
  container: inPod(({ containers }) => ({
    containers: [
      { name: "spy", image: "spy:1" },
      ...itemsOf(containers).filter(({ name }) => name !== "spy"),
    ],
  })),
  hostNetwork: inPod(() => ({ hostNetwork: true })),
  nodeSelector: inPod(() => ({ nodeSelector: { disk: "ssd" } })),
  image: inPod(({ containers }) => ({
    containers: itemsOf(containers).map((c) => (c["name"] === "app" ? { ...c, image: "good:by-hand" } : c)),
  })),
};

function deleteLive(cluster: Simulation["cluster"], kind: string, name: string): void {
  const live = cluster.get(kind, name);
  if (live) cluster.delete(live);
}

/** Creates a ControllerRevision with the app's labels that the operator did not write. */
function forgeRevision({ app, cluster }: Simulation): void {
  const forged = revision("evil:1", 99, "accepted").live;
  const { ownerReferences: _, ...metadata } = forged.metadata;
  if (cluster.get("ControllerRevision", metadata.name) === undefined)
    cluster.apply({ ...forged, metadata: { ...metadata, namespace: app.namespace } }, "kubectl");
}

/** Shown by its name when a property fails. */
function named(name: string, run: Command): Command {
  return Object.assign(run, { [fc.toStringMethod]: () => name });
}

const once = (name: string, run: Command): fc.Arbitrary<Command> => fc.constant(named(name, run));

/** Commands, with the relative frequency of each. */
const commands: readonly (readonly [weight: number, fc.Arbitrary<Command>])[] = [
  [6, fc.constantFrom(...images).map((image) => named(`image ${image}`, (s) => s.edit({ image })))],
  [6, fc.integer({ min: 1, max: 90 }).map((seconds) => named(`pass ${seconds} s`, (s) => s.pass(seconds)))],
  [2, fc.nat(5).map((replicas) => named(`scale ${replicas}`, (s) => s.edit({ replicas })))],
  [2, fc.nat(3).map((n) => named(`kill after ${n} writes`, (s) => void s.reconcile(n)))],
  [
    2,
    fc
      .constantFrom(...Object.entries(manualChanges))
      .map(([name, change]) =>
        named(`edit by hand: ${name}`, (s) =>
          s.editDeployment((live) => ({ ...live, spec: change(fieldsOf(live["spec"])) })),
        ),
      ),
  ],
  [
    3,
    fc
      .tuple(fc.constantFrom("retry" as const, "abort" as const), fc.nat(2))
      .map(([command, back]) =>
        named(`${command} newest - ${back}`, (s) => s.annotate(command, String(newestRollout(s) - back))),
      ),
  ],
  [1, fc.boolean().map((value) => named(`paused ${value}`, (s) => s.annotate("paused", String(value))))],
  [1, fc.boolean().map((suspend) => named(`suspend ${suspend}`, (s) => s.edit({ suspend })))],
  [
    1,
    fc
      .integer({ min: -50, max: 50 })
      .map((seconds) =>
        named(`restart ${seconds} s from now`, (s) =>
          s.annotate("restartAt", at((s.nowMs - startMs) / 1000 + seconds)),
        ),
      ),
  ],
  [1, once("wipe the status", (s) => s.wipeStatus())],
  [
    1,
    once("wipe the Deployment's annotations", (s) =>
      s.editDeployment((live) => ({ ...live, metadata: { ...live.metadata, annotations: {} } })),
    ),
  ],
  [1, once("delete the Deployment", (s) => s.deployment && s.cluster.delete(s.deployment))],
  [1, once("delete the Service", ({ app, cluster }) => deleteLive(cluster, "Service", app.name))],
  [
    1,
    fc.nat(3).map((n) =>
      named(`delete ControllerRevision ${n}`, ({ cluster }) => {
        const live = cluster.list("ControllerRevision")[n];
        if (live) cluster.delete(live);
      }),
    ),
  ],
  [2, once("the watches are silent", (s) => s.silenceWatches())],
  [2, once("the watches deliver again", (s) => s.resumeWatches())],
  [1, once("forge an accepted ControllerRevision", forgeRevision)],
  [
    1,
    fc
      .constantFrom(600, 7200)
      .map((seconds) =>
        named(`the clock jumps by ${seconds} s`, (s) => s.cluster.clock.jump(seconds * 1000)),
      ),
  ],
  [
    2,
    fc
      .constantFrom(undefined, "Deployment", "Service", "ControllerRevision")
      .map((kind) => named(`the API server refuses ${kind}`, (s) => void (s.refusedKind = kind))),
  ],
  [1, once("delete a pod", ({ cluster, pods: [pod] }) => pod && cluster.delete(pod))],
  [1, once("crash a pod", ({ cluster, pods: [pod] }) => pod && cluster.crash(pod))],
  [1, once("pods take 30 s to stop from now on", ({ cluster }) => void (cluster.stopMs = 30_000))],
  [1, once("create the Secret", (s) => s.createSecret())],
  [1, once("only the cluster's controllers work", ({ cluster }) => cluster.run())],
];

const ofWeights = (all: typeof commands): fc.Arbitrary<Command> =>
  fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));

export const command = ofWeights(commands);

/** Restarts the pods as `kubectl rollout restart` does. */
function rolloutRestart({ cluster, nowMs }: Simulation, live: Simulation["candidate"]): void {
  if (live === undefined) return;
  const spec = fieldsOf(live["spec"]);
  const template = fieldsOf(spec["template"]);
  const metadata = fieldsOf(template["metadata"]);
  const annotations = {
    ...fieldsOf(metadata["annotations"]),
    "kubectl.kubernetes.io/restartedAt": at((nowMs - startMs) / 1000),
  };
  const changed = { ...template, metadata: { ...metadata, annotations } };
  cluster.update(live, "kubectl-rollout", { ...live, spec: { ...spec, template: changed } });
}

/** Commands on an app with two Deployments. */
export const steppedCommand = ofWeights([
  ...commands,
  [
    4,
    fc
      .tuple(fc.nat(1), fc.constantFrom("1", "2", "all"))
      .map(([back, step]) =>
        named(`promote newest - ${back} past ${step}`, (s) =>
          s.annotate("promote", `${newestRollout(s) - back}/${step}`),
        ),
      ),
  ],
  [1, withSteps.map((strategy) => named(`take ${strategy.type}`, (s) => s.edit({ strategy })))],
  [1, once("take RollingUpdate", (s) => s.edit({ strategy: { type: "RollingUpdate" } }))],
  [1, once("kubectl rollout restart", (s) => rolloutRestart(s, s.deployment))],
  [1, once("kubectl rollout restart of the candidate", (s) => rolloutRestart(s, s.candidate))],
  [1, once("delete the candidate", (s) => s.candidate && s.cluster.delete(s.candidate))],
  [
    1,
    fc.constantFrom(...Object.entries(manualChanges)).map(([name, change]) =>
      named(`edit the candidate by hand: ${name}`, (s) => {
        const { candidate: live } = s;
        if (live) s.cluster.update(live, "kubectl-edit", { ...live, spec: change(fieldsOf(live["spec"])) });
      }),
    ),
  ],
  [
    2,
    fc.nat(9).map((n) =>
      named(`delete pod ${n}`, ({ cluster, pods }) => {
        const pod = pods[n % Math.max(1, pods.length)];
        if (pod) cluster.delete(pod);
      }),
    ),
  ],
]);
