import type { DemoAppSpec, DemoAppStatus, Phase } from "../../../../operator/api/schema.ts";
import { annotations } from "../../../../operator/api/names.ts";
import type { Action } from "../../../../operator/core/action.ts";
import { canonical } from "../../../../operator/core/hash.ts";
import type { Manifest } from "../../../../operator/core/manifest.ts";
import type { App, Observed, Revision } from "../../../../operator/core/observed.ts";
import { type Plan, plan } from "../../../../operator/core/plan.ts";
import { readRevision } from "../../../../operator/core/revisions.ts";
import { app as bareApp, startMs } from "../objects.ts";
import { type Cluster, type ModelPod, podOf, turn } from "./deployments.ts";
import { type Change, applied, changedByHand, patched } from "./foreign.ts";

/**
 * A cluster with one app in it, small enough to be pure: the objects, a stand-in for the Deployment controller
 * and the kubelet, and an operator that looks only when something has changed or when its plan said so.
 */
export class World implements Cluster {
  nowMs = startMs;
  deployment: Manifest | undefined;
  pods: readonly ModelPod[] = [];
  secretSinceMs: number | undefined;
  created = 0;
  app: App;
  service: Manifest | undefined;
  readonly revisions = new Map<string, Manifest>();
  /** Every write and every phase, checked as they come. */
  readonly onWrite: (world: World, action: Action) => void;
  readonly onPhase: (before: Phase | undefined, after: Phase | undefined) => void;
  #seen: readonly unknown[] = [];
  #requeueAtMs: number | undefined;
  #isPhaseKnown = true;

  constructor(spec: DemoAppSpec, watcher: Pick<World, "onWrite" | "onPhase">) {
    this.app = bareApp({ spec });
    this.onWrite = watcher.onWrite;
    this.onPhase = watcher.onPhase;
  }

  observe(): Observed {
    const { app, deployment, service } = this;
    const revisions = [...this.revisions.values()].flatMap((live): readonly Revision[] => {
      const revision = readRevision(live);
      return revision ? [revision] : [];
    });
    const pods = this.pods.map((pod) => podOf(pod, this));
    return { app, deployment, service, revisions, pods, warnings: [], scalers: [], refused: undefined };
  }

  /** Changes the spec as Git does: a new generation if it is another one. */
  edit(fields: Partial<DemoAppSpec>): void {
    const { spec } = this.app;
    if (spec === undefined) return;
    const changed = { ...spec, ...fields };
    if (canonical(changed) === canonical(spec)) return;
    this.app = { ...this.app, spec: changed, generation: this.app.generation + 1 };
  }

  annotate(act: keyof typeof annotations, value: string): void {
    this.app = { ...this.app, annotations: { ...this.app.annotations, [annotations[act]]: value } };
  }

  wipeStatus(): void {
    this.#isPhaseKnown = false;
    this.app = { ...this.app, status: undefined };
  }

  /** Removes the operator's notes from the Deployment. */
  wipeNotes(): void {
    if (!this.deployment) return;
    const { annotations: _, ...metadata } = this.deployment.metadata;
    this.deployment = { ...this.deployment, metadata };
  }

  changeByHand(change: Change): void {
    if (this.deployment) this.#replace(changedByHand(this.deployment, change));
  }

  /** A new generation if the spec is another one. */
  #replace(next: Manifest): void {
    const before = this.deployment;
    const same = canonical(before?.["spec"]) === canonical(next["spec"]);
    const generation = (before?.metadata.generation ?? 0) + (same ? 0 : 1);
    this.deployment = { ...next, metadata: { ...next.metadata, generation, resourceVersion: "1" } };
  }

  #write(action: Action): void {
    const { object } = action;
    const { kind, metadata } = object;
    if (action.do === "delete") this.revisions.delete(metadata.name);
    else if (action.do === "take-over") {
      if (this.deployment) this.#replace(patched(this.deployment, action.patch));
    } else if (kind === "ControllerRevision") this.revisions.set(metadata.name, object);
    else if (kind === "Service") this.service = applied(this.service, object);
    else this.#replace(applied(this.deployment, object));
  }

  /** One look of the operator; with `writes` it is killed after so many of them, before it reports. */
  reconcile(writes?: number): Plan {
    const intended = plan(this.observe(), this.nowMs);
    for (const action of intended.actions.slice(0, writes)) {
      this.onWrite(this, action);
      this.#write(action);
    }
    this.#requeueAtMs = intended.requeueAtMs;
    if (writes === undefined) this.#report(intended.status);
    else this.#isPhaseKnown = false;
    return intended;
  }

  #report(status: DemoAppStatus): void {
    if (this.#isPhaseKnown) this.onPhase(this.app.status?.phase, status.phase);
    this.#isPhaseKnown = true;
    if (canonical(status) !== canonical(this.app.status)) this.app = { ...this.app, status };
  }

  /** All that a watch would tell of: objects are replaced when they change, and so told apart by identity. */
  #sight(): readonly unknown[] {
    const pods = JSON.stringify(this.pods.map((pod) => podOf(pod, this)));
    const revisions = [...this.revisions.values()];
    return [pods, this.app, this.deployment, this.service, revisions.length, ...revisions];
  }

  /** Lets the Deployment controller and the operator work until neither finds anything to do at this moment. */
  settle(): void {
    for (let turns = 0; turns < 100; turns += 1) {
      turn(this);
      const seen = this.#sight();
      const isDue = this.#requeueAtMs !== undefined && this.#requeueAtMs <= this.nowMs;
      if (!isDue && seen.every((part, i) => part === this.#seen[i])) return;
      this.#seen = seen;
      this.reconcile();
    }
    throw new Error("operator and Deployment controller keep each other busy");
  }

  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.nowMs += 1000;
      this.settle();
    }
  }
}
