import { Counter, Gauge, Histogram } from "prom-client";
import type { DemoAppStatus } from "../api/schema.ts";
import type { App } from "../core/observed.ts";
import { millis } from "../core/observed.ts";
import type { Metrics } from "../runtime/metrics.ts";

const key = ({ namespace, name }: Pick<App, "namespace" | "name">): string => `${namespace}/${name}`;

/** What is kept of an app's status: the whole of it would be there a second time, for each of a thousand apps. */
interface Noted {
  readonly phase: string;
  readonly reasons: readonly string[];
  /** Numbers of the rollouts that were under way. */
  readonly running: readonly number[];
}

const notedOf = ({ phase, blockers = [], history = [] }: DemoAppStatus): Noted => ({
  phase: phase ?? "",
  reasons: blockers.map(({ reason }) => reason),
  running: history.filter(({ finishedAt }) => finishedAt === undefined).map(({ rollout }) => rollout),
});

/** Metrics of the apps themselves. An app's series go away with it; those who don't lead know of none. */
export class AppMetrics {
  readonly #apps = new Map<string, Noted>();
  readonly #rollouts: Histogram<"outcome">;
  readonly #finished: Counter<"outcome">;

  constructor({ registry, onScrape }: Pick<Metrics, "registry" | "onScrape">, leads: () => boolean) {
    const registers = [registry];
    const phase = new Gauge({
      name: "demoapp_phase",
      help: "1 for the phase that the app is in",
      labelNames: ["namespace", "name", "phase"],
      registers,
    });
    const blockers = new Gauge({
      name: "demoapp_blockers",
      help: "1 for each thing that is in the app's way",
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
      help: "Rollouts that ended, by outcome",
      labelNames: ["outcome"],
      registers,
    });
    onScrape(() => {
      phase.reset();
      blockers.reset();
      // What a former leader saw last would contradict what the present one sees.
      if (leads()) this.#publish(phase, blockers);
    });
  }

  /** Takes note of an app's new status. */
  observe(app: App, status: DemoAppStatus): void {
    const before = this.#apps.get(key(app));
    this.#apps.set(key(app), notedOf(status));
    // Only what was seen to end counts: at a start of the operator everything has ended long ago.
    for (const rollout of before?.running ?? []) {
      const now = status.history?.find((entry) => entry.rollout === rollout);
      if (now?.finishedAt === undefined) continue;
      const outcome = now.outcome.toLowerCase();
      this.#finished.inc({ outcome });
      this.#rollouts.observe({ outcome }, (millis(now.finishedAt) - millis(now.startedAt)) / 1000);
    }
  }

  /** Drops the series of an app that is gone, by `namespace/name`. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  #publish(
    phase: Gauge<"namespace" | "name" | "phase">,
    blockers: Gauge<"namespace" | "name" | "reason">,
  ): void {
    for (const [app, noted] of this.#apps) {
      const [namespace = "", name = ""] = app.split("/");
      phase.set({ namespace, name, phase: noted.phase }, 1);
      for (const reason of noted.reasons) blockers.set({ namespace, name, reason }, 1);
    }
  }
}
