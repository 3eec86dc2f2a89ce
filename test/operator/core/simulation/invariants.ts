import assert from "node:assert/strict";
import { annotations, childAnnotations, labels, revisionName } from "../../../../operator/api/names.ts";
import type { Phase } from "../../../../operator/api/schema.ts";
import type { Action } from "../../../../operator/core/action.ts";
import { rollingUpdateOf } from "../../../../operator/core/defaults.ts";
import type { Manifest } from "../../../../operator/core/manifest.ts";
import { templateMetadataOf } from "../../../../operator/core/deployment.ts";
import { stableOf, readRevision } from "../../../../operator/core/revisions.ts";
import { fieldsOf } from "../../../sim/apiserver/json.ts";
import type { Checks, Simulation } from "./simulation.ts";

/** The allowed successors of each phase. Each phase may also stay, or become Suspended. */
const successors: Record<Phase, readonly Phase[]> = {
  Installing: ["Healthy", "Progressing", "Degraded"],
  Healthy: ["Progressing", "Paused", "Degraded"],
  Progressing: ["Healthy", "RollingBack", "Degraded", "Paused"],
  Paused: ["Healthy", "Progressing", "RollingBack", "Degraded"],
  Promoting: [],
  RollingBack: ["Healthy", "Progressing", "Degraded", "Paused"],
  Degraded: ["Installing", "Healthy", "Progressing", "RollingBack", "Paused"],
  Suspended: ["Installing", "Healthy", "Progressing", "Paused", "RollingBack", "Degraded"],
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
    if (action.do !== "apply") return;
    if (action.object.kind === "ControllerRevision") this.#checkRevision(simulation, action.object);
    if (action.object.kind === "Deployment") checkDeployment(simulation, action.object);
  };

  #checkRevision({ app, revisions }: Simulation, object: Manifest): void {
    const next = readRevision(object);
    const before = revisions.find(({ live }) => live.metadata.name === object.metadata.name);
    if (next === undefined || next.rollout === before?.rollout) return;
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

/** An applied Deployment has the size and the limits of the spec, and the running or newest accepted revision. */
function checkDeployment({ app, revisions }: Simulation, object: Manifest): void {
  const { replicas, strategy } = fieldsOf(object["spec"]);
  assert.equal(replicas, app.spec?.replicas);
  assert.deepEqual(fieldsOf(strategy)["rollingUpdate"], app.spec && rollingUpdateOf(app.spec));
  const hash = templateMetadataOf(object)?.labels?.[labels.hash] ?? "";
  const revision = revisions.find(({ live: { metadata } }) => metadata.name === revisionName(app.name, hash));
  const accepted = stableOf(revisions);
  assert.ok(
    revision?.outcome === undefined || revision.rollout === accepted?.rollout,
    `rollout ${revision?.rollout} (${revision?.outcome}) is deployed instead of ${accepted?.rollout}`,
  );
  assert.equal(object.metadata.annotations?.[childAnnotations.rollout], String(revision?.rollout));
}
