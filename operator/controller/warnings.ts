import { isUnexplained } from "../core/podblockers.ts";
import { cut } from "../core/manifest.ts";
import type { App, Pod, PodWarning } from "../core/observed.ts";
import { ExpectedError } from "../runtime/api-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ApiClient, CallOptions, KubeObject } from "../runtime/kubernetes.ts";
import type { Logger } from "../runtime/log.ts";
import { resources } from "./resources.ts";

/** Enough to say what is wrong; a thousand pods that fail the same way need no thousand questions. */
const maxAskedPods = 3;
/** The API server reads every Event of the namespace to answer: the same pod is not asked after more often. */
const askAgainMs = 10_000;

/** They only explain: nothing waits long for them. */
const patience: CallOptions = { timeoutMs: 2_000, retries: 0 };

interface Answer {
  readonly atMs: number;
  readonly warnings: readonly PodWarning[];
}

export interface WarningsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
}

const warningOf = (pod: Pod, event: KubeObject): PodWarning => {
  const { reason, message } = event as KubeObject & { reason?: string; message?: string };
  return { pod: pod.name, reason: reason ?? "", message: cut(message ?? "", 1024) };
};

/**
 * Events say what a pod's status doesn't: what a probe got, which volume is missing. They only explain; nothing is
 * decided by them, so going without them stops nothing.
 */
export class Warnings {
  readonly #options: WarningsOptions;
  readonly #answers = new Map<string, Answer>();

  constructor(options: WarningsOptions) {
    this.#options = options;
  }

  /** The warnings about those of an app's pods that are not ready for no reason that they tell themselves. */
  async of(app: App, pods: readonly Pod[]): Promise<readonly PodWarning[]> {
    const nowMs = this.#options.clock.now();
    const asked = pods.filter((pod) => isUnexplained(pod, nowMs)).slice(0, maxAskedPods);
    return (await Promise.all(asked.map((pod) => this.#about(app, pod)))).flat();
  }

  async #about({ namespace }: App, pod: Pod): Promise<readonly PodWarning[]> {
    const { clock } = this.#options;
    this.#forgetBefore(clock.monotonicMs() - askAgainMs);
    const known = this.#answers.get(pod.uid);
    if (known) return known.warnings;
    const warnings = await this.#ask(namespace, pod);
    this.#answers.set(pod.uid, { atMs: clock.monotonicMs(), warnings });
    return warnings;
  }

  async #ask(namespace: string, pod: Pod): Promise<readonly PodWarning[]> {
    const { client, log } = this.#options;
    const fieldSelector = `involvedObject.uid=${pod.uid},type=Warning`;
    try {
      const events = await client.list(resources.Event, { namespace, fieldSelector }, patience);
      return events.items.map((event) => warningOf(pod, event));
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      log.debug({ namespace, pod: pod.name, cause: error.message }, "could not read a pod's events");
      return [];
    }
  }

  /** Answers come in the order of their time, so the old ones are first. */
  #forgetBefore(atMs: number): void {
    for (const [uid, answer] of this.#answers) {
      if (answer.atMs > atMs) return;
      this.#answers.delete(uid);
    }
  }
}
