import assert from "node:assert/strict";
import { annotations, childAnnotations, labels, revisionName } from "../../../../operator/api/names.ts";
import type { Phase } from "../../../../operator/api/schema.ts";
import type { Action } from "../../../../operator/core/action.ts";
import { rollingUpdateOf } from "../../../../operator/core/defaults.ts";
import type { Manifest } from "../../../../operator/core/manifest.ts";
import { templateMetadataOf } from "../../../../operator/core/deployment.ts";
import { readRevision, stableOf } from "../../../../operator/core/revisions.ts";
import { deploymentSpec } from "./deployments.ts";
import type { World } from "./world.ts";

/** Where each phase may lead; every one may lead to Suspended and stay as it is. */
const edges: Record<Phase, readonly Phase[]> = {
  Installing: ["Healthy", "Progressing", "Degraded"],
  Healthy: ["Progressing", "Paused", "Degraded"],
  Progressing: ["Healthy", "RollingBack", "Degraded", "Paused"],
  Paused: ["Healthy", "Progressing", "RollingBack", "Degraded"],
  Promoting: [],
  RollingBack: ["Healthy", "Progressing", "Degraded", "Paused"],
  Degraded: ["Installing", "Healthy", "Progressing", "RollingBack", "Paused"],
  Suspended: ["Installing", "Healthy", "Progressing", "Paused", "RollingBack", "Degraded"],
};

/** Checks every write and every change of phase against the promises. */
export class Watcher {
  #newest = 0;

  readonly onPhase = (before: Phase | undefined, after: Phase | undefined): void => {
    if (before === undefined || after === undefined || before === after || after === "Suspended") return;
    assert.ok(edges[before].includes(after), `${before} must not lead to ${after}`);
  };

  readonly onWrite = (world: World, action: Action): void => {
    assert.equal(world.app.spec?.suspend, false, "a suspended app is not written to");
    if (action.do !== "apply") return;
    if (action.object.kind === "ControllerRevision") this.#checkRevision(world, action.object);
    if (action.object.kind === "Deployment") checkDeployment(world, action.object);
  };

  #checkRevision(world: World, object: Manifest): void {
    const next = readRevision(object);
    const stored = world.revisions.get(object.metadata.name);
    const before = stored && readRevision(stored);
    if (next === undefined || next.rollout === before?.rollout) return;
    assert.ok(next.rollout > this.#newest, `rollout ${next.rollout} comes after ${this.#newest}`);
    this.#newest = next.rollout;
    if (before?.outcome !== "rejected") return;
    const asked = world.app.annotations[annotations.retry];
    assert.equal(asked, String(before.rollout), "a rejected revision starts only when its number is named");
  }
}

/** A Deployment that is applied keeps the app's floor, and carries what is under way or was accepted last. */
function checkDeployment(world: World, object: Manifest): void {
  const { replicas, strategy } = deploymentSpec(object);
  const wanted = world.app.spec;
  assert.equal(replicas, wanted?.replicas);
  assert.deepEqual(strategy.rollingUpdate, wanted && rollingUpdateOf(wanted));
  const hash = templateMetadataOf(object)?.labels?.[labels.hash] ?? "";
  const live = world.revisions.get(revisionName(world.app.name, hash));
  const revision = live && readRevision(live);
  const lastGood = stableOf([...world.revisions.values()].flatMap((other) => readRevision(other) ?? []));
  assert.ok(
    revision?.outcome === undefined || revision.rollout === lastGood?.rollout,
    `rollout ${revision?.rollout} (${revision?.outcome}) serves, and not ${lastGood?.rollout}`,
  );
  assert.equal(object.metadata.annotations?.[childAnnotations.rollout], String(revision?.rollout));
}
