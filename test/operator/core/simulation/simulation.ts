import { annotations, deploymentName, previewName } from "../../../../operator/api/names.ts";
import type { DemoAppSpec, DemoAppStatus, Phase } from "../../../../operator/api/schema.ts";
import { manifestOf, revisionObjectOf } from "../../../../operator/controller/children.ts";
import { podOf } from "../../../../operator/controller/transform.ts";
import { type Action, isStopped } from "../../../../operator/core/action.ts";
import { canonical } from "../../../../operator/core/hash.ts";
import type { App, Observed, Refusal, Revision } from "../../../../operator/core/observed.ts";
import { type Plan, plan, reportOf } from "../../../../operator/core/plan.ts";
import { readRevisions } from "../../../../operator/core/storedrevisions.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";
import { SimulatedCluster } from "../../../sim/cluster.ts";
import { app as newApp, startMs } from "../objects.ts";
import { behaviourOf, nameOf } from "./behaviours.ts";
import { type Counted, count } from "./counted.ts";
import type { Traffic } from "./traffic.ts";
import { withTemplates } from "./templates.ts";
import { write } from "./write.ts";

/** Checks that the simulation calls before each write of the operator, at each report of a phase, and after each turn. */
export interface Checks {
  /** The operator and then the cluster's controllers worked, and no time passed. */
  readonly onTurn?: (simulation: Simulation, before: Counted) => void;
  readonly onWrite: (simulation: Simulation, action: Action) => void;
  readonly onPhase: (before: Phase | undefined, after: Phase | undefined) => void;
}

/** One DemoApp on a simulated cluster, reconciled by the pure core on each change and at each requeue time. */
export class Simulation {
  app: App;
  readonly cluster: SimulatedCluster;
  /** The API server refuses writes of this kind. */
  refusedKind: string | undefined;
  /** Requests to the app; without, nothing is measured. */
  traffic: Traffic | undefined;
  /** The reasons of the events so far, without those of the ends of rollouts. */
  readonly events: string[] = [];
  #outdated: Observed | undefined;
  readonly #checks: Checks;
  #hasSecret = false;
  #hasChanged = true;
  #requeueAtMs = Infinity;
  #isPhaseKnown = true;

  constructor(spec: DemoAppSpec, checks: Checks) {
    this.app = newApp({ spec });
    this.#checks = checks;
    this.cluster = new SimulatedCluster(this.app.namespace, startMs, (pod) => {
      if (nameOf(pod) === "secret")
        return this.#hasSecret ? { does: "ready", afterMs: 3_000 } : { does: "config-missing" };
      return behaviourOf(pod);
    });
    this.cluster.onChange(({ kind }) => void (this.#hasChanged ||= kind.kind !== "ReplicaSet"));
  }

  get nowMs(): number {
    return this.cluster.clock.now();
  }

  get deployment(): KubeObject | undefined {
    return this.cluster.get("Deployment", this.app.name);
  }

  get candidate(): KubeObject | undefined {
    return this.cluster.get("Deployment", deploymentName(this.app.name, "candidate"));
  }

  get pods(): readonly KubeObject[] {
    return this.cluster.list("Pod");
  }

  /** The revisions that the operator believes. */
  get revisions(): readonly Revision[] {
    return this.observe().revisions;
  }

  observe(): Observed {
    const { app, deployment, candidate } = this;
    const service = this.cluster.get("Service", app.name);
    const preview = this.cluster.get("Service", previewName(app.name));
    const [stable, second] = [deployment, candidate].map((live) => live && manifestOf(live));
    const deployments = { stable, candidate: second };
    const objects = this.cluster.list("ControllerRevision");
    const { revisions, ignoredRevisions } = readRevisions(
      { app, deployments },
      objects.map(revisionObjectOf),
    );
    return {
      app,
      deployments,
      service: service && manifestOf(service),
      preview: preview && manifestOf(preview),
      revisions: withTemplates(app, revisions, objects),
      ignoredRevisions,
      pods: this.pods.map(podOf),
      warnings: [],
      scalers: [],
      refused: [],
      analysis: this.traffic?.analysis,
    };
  }

  /** Changes the spec as a commit in Git does. */
  edit(fields: Partial<DemoAppSpec>): void {
    const { spec, generation } = this.app;
    if (spec === undefined) return;
    const changed = { ...spec, ...fields };
    if (canonical(changed) !== canonical(spec)) this.#setApp({ spec: changed, generation: generation + 1 });
  }

  annotate(command: keyof typeof annotations, value: string): void {
    this.#setApp({ annotations: { ...this.app.annotations, [annotations[command]]: value } });
  }

  wipeStatus(): void {
    this.#isPhaseKnown = false;
    this.#setApp({ status: undefined });
  }

  #setApp(fields: Partial<App>): void {
    this.app = { ...this.app, ...fields };
    this.#hasChanged = true;
  }

  /** Changes the Deployment as `kubectl edit` does. */
  editDeployment(change: (deployment: KubeObject) => KubeObject): void {
    const { deployment } = this;
    if (deployment) this.cluster.update(deployment, "kubectl-edit", change(deployment));
  }

  /** Creates the Secret that pods of the images `secret:*` wait for. */
  createSecret(): void {
    if (this.#hasSecret) return;
    this.#hasSecret = true;
    for (const pod of this.pods) if (nameOf(pod) === "secret") this.cluster.restart(pod);
  }

  /** True if an object has changed since it was observed: the API server answers with a conflict. */
  #isConflict({ do: verb, object }: Action): boolean {
    const { name, resourceVersion } = object.metadata;
    const live = this.cluster.get(object.kind, name);
    if (verb === "create") return live !== undefined;
    const isCreated =
      verb === "apply" && object.kind === "ControllerRevision" && resourceVersion === undefined;
    if (isCreated) return live !== undefined && this.revisions.some((one) => one.live.metadata.name === name);
    return resourceVersion !== undefined && resourceVersion !== live?.metadata.resourceVersion;
  }

  /** The observation that the operator works with: an outdated one while its watches are silent. */
  #seen(): Observed {
    return this.#outdated ?? this.observe();
  }

  /** From now on the operator sees the app and its objects as they are now; no effect while the watches are silent. */
  silenceWatches(): void {
    this.#outdated ??= this.observe();
  }

  /** The watches deliver again. */
  resumeWatches(): void {
    this.#outdated = undefined;
    this.#hasChanged = true;
  }

  /** The plan, made anew if it is irreversible and the DemoApp has changed, as `reconcile` does. */
  #plan(): Plan {
    const intended = plan(this.#seen(), this.nowMs);
    if (this.#outdated === undefined || !intended.isIrreversible) return intended;
    this.#outdated = { ...this.#outdated, app: this.app };
    return plan(this.#outdated, this.nowMs);
  }

  /** Makes the writes, except those of a kind that the API server refuses and those that depend on them. */
  #act(actions: readonly Action[]): readonly Refusal[] {
    const refused: Refusal[] = [];
    for (const action of actions) {
      if (this.#outdated !== undefined && this.#isConflict(action)) {
        this.resumeWatches();
        return refused;
      }
      const { object, scope } = action;
      if (isStopped(action, new Set(refused.map((refusal) => refusal.scope)))) continue;
      if (object.kind === this.refusedKind) {
        const name = `${object.kind}/${object.metadata.name}`;
        refused.push({ object: name, scope, status: 403, message: "admission webhook denied the request" });
        continue;
      }
      this.#checks.onWrite(this, action);
      write(this.cluster, action);
    }
    return refused;
  }

  /** Reconciles the app once; with `writes` the operator is killed after that many writes, before it reports. */
  reconcile(writes?: number): Plan {
    this.#hasChanged = writes !== undefined;
    const intended = this.#plan();
    const isOutdated = this.#outdated !== undefined;
    const refused = this.#act(intended.actions.slice(0, writes));
    const report = reportOf(intended, { refused, failed: [], isRepeated: false });
    this.#requeueAtMs = report.requeueAtMs ?? Infinity;
    this.traffic?.follow(report.measuring, writes !== undefined);
    this.events.push(...report.events.map(({ reason }) => reason));
    // A report from outdated caches is corrected later, so its phase follows no rule.
    if (writes === undefined && !isOutdated) this.#report(report.status);
    else this.#isPhaseKnown = false;
    return intended;
  }

  #report(status: DemoAppStatus): void {
    if (this.#isPhaseKnown) this.#checks.onPhase(this.app.status?.phase, status.phase);
    this.#isPhaseKnown = true;
    if (canonical(status) !== canonical(this.app.status)) this.#setApp({ status });
  }

  get counted(): Counted {
    return count(this);
  }

  /** Lets the cluster and the operator work until neither has anything to do at this time. */
  settle(): void {
    for (let turns = 0; turns < 100; turns += 1) {
      this.cluster.run();
      if (!this.#hasChanged && this.#requeueAtMs > this.nowMs) return;
      const before = this.counted;
      this.reconcile();
      this.cluster.run();
      this.#checks.onTurn?.(this, before);
    }
    throw new Error("the operator and the controllers react to each other without end");
  }

  /** Lets time pass: cluster and operator work whenever something is due. */
  pass(seconds: number): void {
    const endMs = this.nowMs + seconds * 1000;
    this.settle();
    while (this.nowMs < endMs) {
      const { lookAtMs = Infinity } = this.traffic ?? {};
      const nextMs = Math.min(endMs, this.cluster.nextMs, this.#requeueAtMs, lookAtMs);
      this.traffic?.send(this, (nextMs - this.nowMs) / 1000);
      this.cluster.clock.jump(nextMs - this.nowMs);
      if (nextMs === lookAtMs) this.#hasChanged = this.traffic?.look(this) === true || this.#hasChanged;
      this.settle();
    }
  }
}
