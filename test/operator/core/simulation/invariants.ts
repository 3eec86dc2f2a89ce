import assert from "node:assert/strict";
import { annotations, childAnnotations, labels, revisionName } from "../../../../operator/api/names.ts";
import type { Phase } from "../../../../operator/api/schema.ts";
import type { Action } from "../../../../operator/core/action.ts";
import { floorOf, mostOf, rollingUpdateOf, surgeOf } from "../../../../operator/core/defaults.ts";
import type { Manifest } from "../../../../operator/core/manifest.ts";
import { templateMetadataOf } from "../../../../operator/core/deployment.ts";
import { candidateOf, stableOf, usedRollouts } from "../../../../operator/core/revisions.ts";
import { readRevision } from "../../../../operator/core/storedrevisions.ts";
import { fieldsOf } from "../../../sim/apiserver/json.ts";
import { isActive, replicasOf } from "../../../sim/controllers/workload.ts";
import type { Counted } from "./counted.ts";
import type { Checks, Simulation } from "./simulation.ts";

/** The allowed successors of each phase. Each phase may also stay, or become Suspended. */
const successors: Record<Phase, readonly Phase[]> = {
  Installing: ["Healthy", "Progressing", "Degraded"],
  // An app at 0 replicas is Healthy, also before its first pods, and during a rollout that can be aborted.
  Healthy: ["Installing", "RollingBack", "Progressing", "Paused", "Degraded"],
  // Without its ControllerRevision, which somebody deleted, no stable revision is known.
  Progressing: ["Installing", "Healthy", "RollingBack", "Degraded", "Paused", "Promoting"],
  Paused: ["Healthy", "Progressing", "RollingBack", "Degraded", "Promoting"],
  Promoting: ["Healthy", "Progressing", "Degraded"],
  RollingBack: ["Healthy", "Progressing", "Degraded", "Paused"],
  // A promotion that had no room goes on.
  Degraded: ["Installing", "Healthy", "Progressing", "RollingBack", "Paused", "Promoting"],
  Suspended: ["Installing", "Healthy", "Progressing", "Paused", "Promoting", "RollingBack", "Degraded"],
};

/** Checks each write and each change of phase against the operator's promises. */
export class InvariantChecker implements Checks {
  #newestRollout = 0;

  readonly onPhase = (before: Phase | undefined, after: Phase | undefined): void => {
    if (before === undefined || after === undefined || before === after || after === "Suspended") return;
    assert.ok(successors[before].includes(after), `${before} must not become ${after}`);
  };

  readonly onWrite = (simulation: Simulation, action: Action): void => {
    assert.equal(
      simulation.app.spec?.suspend,
      false,
      "the operator must not write while the app is suspended",
    );
    if (action.do === "take-over" || action.do === "delete") return;
    if (action.object.kind === "ControllerRevision") this.#checkRevision(simulation, action.object);
    if (action.object.kind !== "Deployment") return;
    if (isCanary(simulation)) checkTrack(simulation, action);
    else checkDeployment(simulation, action.object);
  };

  readonly onTurn = (simulation: Simulation, before: Counted): void => {
    const { spec } = simulation.app;
    if (spec === undefined || !isCanary(simulation)) return;
    const { pods, available, serving } = simulation.counted;
    const floor = floorOf(spec.replicas, rollingUpdateOf(spec));
    assert.ok(
      serving >= Math.min(before.serving, floor),
      `${serving} pods serve, before ${before.serving}, floor ${floor}`,
    );
    // Each of two whole Deployments may surge beyond the budget while its pods are restarted.
    const most = mostOf(spec) + (spec.strategy.type === "BlueGreen" ? 2 * surgeOf(spec) : 0);
    assert.ok(pods <= Math.max(before.pods, most), `${pods} pods, at most ${most}`);
    // A preview gets no traffic before its promotion, whatever the stable version does.
    const isServed = serving > 0 || available === 0 || spec.strategy.type === "BlueGreen";
    assert.ok(isServed, "the Service selects none of the available pods");
  };

  #checkRevision(simulation: Simulation, object: Manifest): void {
    const { app, revisions } = simulation;
    // Rollout numbers start over if everything that names one was deleted. The status is rebuilt from the other objects.
    if (usedRollouts(simulation.observe()).every(({ rollout }) => rollout === 0)) this.#newestRollout = 0;
    const next = readRevision(object);
    const before = revisions.find(({ live }) => live.metadata.name === object.metadata.name);
    // A revision whose ControllerRevision was deleted keeps its number; only a start needs a new one.
    const isStart = next !== undefined && next.outcome === undefined && next.rollout !== before?.rollout;
    if (!isStart) return;
    assert.ok(
      next.rollout > this.#newestRollout,
      `rollout ${next.rollout} must follow ${this.#newestRollout}`,
    );
    this.#newestRollout = next.rollout;
    if (before?.outcome !== "rejected") return;
    const retry = app.annotations[annotations.retry];
    assert.equal(retry, String(before.rollout), "only a retry of its rollout may start a rejected revision");
  }
}

/** True while the rules for two Deployments hold. */
const isCanary = ({ app, candidate }: Simulation): boolean =>
  candidate !== undefined || app.spec?.strategy.type !== "RollingUpdate";

/** A Deployment grows only without a change of the pod template, and without pods of a rejected revision. */
function checkTrack(simulation: Simulation, { object, scope }: Action): void {
  const deployment = scope === "candidate" ? simulation.candidate : simulation.deployment;
  const { replicas } = fieldsOf(object["spec"]);
  const pods = simulation.pods.filter(({ metadata }) => metadata.labels?.[labels.track] === scope);
  if (deployment !== undefined && Number(replicas) > replicasOf(deployment))
    checkGrowth({ deployment, revisions: simulation.revisions, pods }, object);
}

function checkGrowth(
  { deployment, revisions, pods }: Pick<Simulation, "deployment" | "revisions" | "pods">,
  object: Manifest,
): void {
  const hashOf = (live: object | undefined) =>
    templateMetadataOf(live as Manifest | undefined)?.labels?.[labels.hash];
  assert.equal(hashOf(object), hashOf(deployment), "a write must not change the template and raise the size");
  const rejected = new Set(revisions.filter(({ outcome }) => outcome === "rejected").map(({ hash }) => hash));
  const bad = pods.filter((pod) => isActive(pod) && rejected.has(pod.metadata.labels?.[labels.hash] ?? ""));
  assert.deepEqual(bad, [], "a Deployment with pods of a rejected revision must not grow");
}

/**
 * An applied Deployment has the limits of the spec, and the running or newest accepted revision. Its size is the present or
 * the desired one, or between them if it shrinks. It grows only without a change of the pod template, and without pods of a rejected revision.
 */
function checkDeployment({ app, deployment, revisions, pods }: Simulation, object: Manifest): void {
  const { replicas, strategy } = fieldsOf(object["spec"]);
  const size = deployment === undefined ? undefined : replicasOf(deployment);
  const desired = app.spec?.replicas ?? 0;
  const isBetween = size !== undefined && desired < Number(replicas) && Number(replicas) < size;
  if (replicas !== size && !isBetween) assert.equal(replicas, desired);
  if (size !== undefined && Number(replicas) > size) checkGrowth({ deployment, revisions, pods }, object);
  assert.deepEqual(fieldsOf(strategy)["rollingUpdate"], app.spec && rollingUpdateOf(app.spec));
  const hash = templateMetadataOf(object)?.labels?.[labels.hash] ?? "";
  const revision = revisions.find(({ live: { metadata } }) => metadata.name === revisionName(app.name, hash));
  const accepted = stableOf(revisions);
  assert.ok(
    revision?.outcome === undefined || revision.rollout === accepted?.rollout,
    `rollout ${revision?.rollout} (${revision?.outcome}) is deployed instead of ${accepted?.rollout}`,
  );
  // The Deployment returns with the stable revision if it was deleted in the course of a rollout.
  const rollouts = [revision, candidateOf(revisions)].map((one) => String(one?.rollout));
  assert.ok(rollouts.includes(object.metadata.annotations?.[childAnnotations.rollout] ?? ""));
}
