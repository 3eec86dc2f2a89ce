import { withReadings } from "../core/analysis/look.ts";
import { type Measuring, followedPods, isWarm, lookMs, withLatest } from "../core/analysis/pods.ts";
import type { Analysis } from "../core/analysis/state.ts";
import { PodCounters, type Reading, type Sample, wantedMetrics } from "../core/counters.ts";
import type { Pod } from "../core/observed.ts";
import type { Clock } from "../runtime/clock.ts";
import { ScrapeError, type ScrapeOptions, type Target } from "../runtime/scrape.ts";
import type { ReconcileResult, WorkQueue } from "../runtime/workqueue.ts";

export interface MeasurerOptions {
  readonly clock: Clock;
  /** Reads the counters of a pod, and returns the names of its metrics; rejects with a `ScrapeError`. */
  readonly scrape: (target: Target, options: ScrapeOptions) => Promise<ReadonlySet<string>>;
  readonly isForbidden: (address: string) => boolean;
  /** The pods of an app. */
  readonly podsOf: (key: string) => readonly Pod[];
  /** The queue of the workers. */
  readonly queue: Pick<WorkQueue, "addAfter" | "forget">;
  /** Reconciles an app. */
  readonly wake: (key: string) => void;
}

/** A look whose pods were not read at nearly the same time is not counted, ms: a fault could be seen on one track only. */
const mostSpreadMs = 1_000;
const late: Reading = { problem: "the answer came more than 1 s after that of another pod" };

/** True if a reconcile has something to do with a new analysis. */
const isNews = (after: Analysis, before: Analysis | undefined): boolean =>
  before === undefined || after.atMs !== before.atMs || after.problem?.message !== before.problem?.message;

/**
 * Reads the counters of the pods of rollouts that are judged by their requests, beside the queue of reconciles. What is
 * known of an app is forgotten with the process: the status has a state that is up to 30 s older, from which to go on.
 */
export class Measurer {
  readonly #options: MeasurerOptions;
  readonly #apps = new Map<string, Measuring>();
  readonly #analyses = new Map<string, Analysis>();

  constructor(options: MeasurerOptions) {
    this.#options = options;
  }

  /** The newest analysis of an app in this process; undefined before its first look. */
  analysisOf(key: string): Analysis | undefined {
    return this.#analyses.get(key);
  }

  /** Measures an app from now on, as a reconcile found it; undefined: no longer. */
  follow(key: string, measuring: Measuring | undefined): void {
    const isNew = !this.#apps.has(key);
    if (measuring === undefined) {
      this.#apps.delete(key);
      this.#analyses.delete(key);
      if (!isNew) this.#options.queue.forget(key);
      return;
    }
    this.#apps.set(key, measuring);
    this.#options.queue.addAfter(key, isNew ? 0 : lookMs);
  }

  /** Takes a look at an app: the handler of the queue. */
  readonly look = async (key: string): Promise<ReconcileResult> => {
    const followed = this.#apps.get(key);
    if (followed === undefined) return {};
    const { clock, podsOf, wake } = this.#options;
    const pods = podsOf(key);
    const nowMs = clock.now();
    const read = followedPods(withLatest(followed, this.#analyses.get(key)), pods).filter((pod) =>
      isWarm(pod, nowMs),
    );
    const answers = await Promise.all(read.map((pod) => this.#read(pod, followed)));
    const present = this.#apps.get(key);
    if (present === undefined) return {};
    const firstMs = Math.min(...answers.map(({ atMs }) => atMs));
    const known = this.#analyses.get(key);
    // The rollout or the settings may be others than before the look: its numbers are then a first reading.
    const measuring = withLatest(present, known);
    const readings = new Map(
      answers.map(({ uid, reading, atMs }) => {
        const isLate = "counters" in reading && atMs - firstMs > mostSpreadMs;
        return [uid, isLate ? late : reading];
      }),
    );
    const after = withReadings(measuring, { pods, readings, nowMs });
    this.#analyses.set(key, after);
    if (isNews(after, known)) wake(key);
    return { requeueAfterMs: lookMs };
  };

  async #read(
    { uid, address = "" }: Pod,
    { settings }: Measuring,
  ): Promise<{ readonly uid: string; readonly reading: Reading; readonly atMs: number }> {
    const { clock, scrape, isForbidden } = this.#options;
    const { port, path } = settings.endpoint;
    let reading: Reading;
    try {
      const counters = new PodCounters(settings);
      const onSample = (sample: Sample): void => counters.add(sample);
      const options = { wanted: wantedMetrics(settings), isForbidden, onSample };
      reading = counters.reading(await scrape({ address, port, path }, options));
    } catch (error) {
      if (!(error instanceof ScrapeError)) throw error;
      reading = { problem: `${error.message} (port ${port}, path ${path})` };
    }
    return { uid, reading, atMs: clock.monotonicMs() };
  }
}
