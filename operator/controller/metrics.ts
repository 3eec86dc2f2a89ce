import { Counter, Gauge, Histogram } from "prom-client";
import type { DemoAppStatus } from "../api/schema.ts";
import type { App } from "../core/observed.ts";
import { millis } from "../core/observed.ts";
import type { Metrics } from "../runtime/metrics.ts";

const key = ({ namespace, name }: Pick<App, "namespace" | "name">): string => `${namespace}/${name}`;

/** The parts of an app's status that metrics need. Keeping whole statuses would double their memory. */
interface StatusSummary {
  readonly phase: string;
  /** Reasons of the blockers. */
  readonly reasons: readonly string[];
  /** Where a canary stands; undefined without a canary. */
  readonly canary: { readonly step: number; readonly weight: number } | undefined;
  /** Numbers of the rollouts that had not ended. */
  readonly running: readonly number[];
}

const summaryOf = ({ phase, step, weight, blockers = [], history = [] }: DemoAppStatus): StatusSummary => ({
  phase: phase ?? "",
  canary: step && weight && { step: step.index, weight: weight.actual },
  reasons: blockers.map(({ reason }) => reason),
  running: history.filter(({ finishedAt }) => finishedAt === undefined).map(({ rollout }) => rollout),
});

type AppLabel = "namespace" | "name";

interface AppGauges {
  readonly phase: Gauge<AppLabel | "phase">;
  readonly step: Gauge<AppLabel>;
  readonly weight: Gauge<AppLabel>;
  readonly blockers: Gauge<AppLabel | "reason">;
}

/** Metrics per app. Deleting an app removes its series. Only the leader exports them. */
export class AppMetrics {
  readonly #apps = new Map<string, StatusSummary>();
  readonly #rollouts: Histogram<"outcome">;
  readonly #finished: Counter<"outcome">;

  constructor({ registry, onScrape }: Pick<Metrics, "registry" | "onScrape">, isLeader: () => boolean) {
    const registers = [registry];
    const phase = new Gauge({
      name: "demoapp_phase",
      help: "1 for the current phase of the app",
      labelNames: ["namespace", "name", "phase"],
      registers,
    });
    const step = new Gauge({
      name: "demoapp_canary_step",
      help: "Number of the step, from 1, that the app's canary is in",
      labelNames: ["namespace", "name"],
      registers,
    });
    const weight = new Gauge({
      name: "demoapp_canary_weight_percent",
      help: "Share of the app's ready pods that run the new version of its canary",
      labelNames: ["namespace", "name"],
      registers,
    });
    const blockers = new Gauge({
      name: "demoapp_blockers",
      help: "1 for each reason that blocks the app",
      labelNames: ["namespace", "name", "reason"],
      registers,
    });
    this.#rollouts = new Histogram({
      name: "demoapp_rollout_duration_seconds",
      help: "Time from the start of a rollout to its outcome",
      labelNames: ["outcome"],
      buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600],
      registers,
    });
    this.#finished = new Counter({
      name: "demoapp_rollouts_total",
      help: "Ended rollouts by outcome",
      labelNames: ["outcome"],
      registers,
    });
    onScrape(() => {
      for (const gauge of [phase, step, weight, blockers]) gauge.reset();
      // A former leader's state is outdated and would contradict the current leader's series.
      if (isLeader()) this.#setGauges({ phase, step, weight, blockers });
    });
  }

  /** Records an app's new status. */
  observe(app: App, status: DemoAppStatus): void {
    const before = this.#apps.get(key(app));
    this.#apps.set(key(app), summaryOf(status));
    // Count a rollout only if this process saw it running: older entries of the history ended before its start.
    for (const rollout of before?.running ?? []) {
      const entry = status.history?.find((candidate) => candidate.rollout === rollout);
      if (entry?.finishedAt === undefined) continue;
      const outcome = entry.outcome.toLowerCase();
      this.#finished.inc({ outcome });
      this.#rollouts.observe({ outcome }, (millis(entry.finishedAt) - millis(entry.startedAt)) / 1000);
    }
  }

  /** Drops the series of a deleted app, by `namespace/name`. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  #setGauges({ phase, step, weight, blockers }: AppGauges): void {
    for (const [app, summary] of this.#apps) {
      const [namespace = "", name = ""] = app.split("/");
      phase.set({ namespace, name, phase: summary.phase }, 1);
      for (const reason of summary.reasons) blockers.set({ namespace, name, reason }, 1);
      if (summary.canary === undefined) continue;
      step.set({ namespace, name }, summary.canary.step);
      weight.set({ namespace, name }, summary.canary.weight);
    }
  }
}
