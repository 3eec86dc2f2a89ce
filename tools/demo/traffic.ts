import { setTimeout as delay } from "node:timers/promises";

/** Requests that failed, by the pod that they were sent to where the answer says so. */
export interface Failure {
  /** The pod's address; "" if no pod was reached or named. */
  readonly ip: string;
  readonly words: string;
}

const PER_SECOND = 20;
const TIMEOUT_MS = 3000;
/** More would only pile up: whoever is this far behind has failed already. */
const MOST_IN_FLIGHT = 40;

/** A visitor who asks the Service for its version, 20 times a second, and keeps count. */
export class Traffic {
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #failures: Failure[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #answered = 0;
  /** The version that answered last, and how many did in all. */
  readonly #byVersion = new Map<string, number>();

  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  get sent(): number {
    return this.#answered + this.#failures.length;
  }

  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** How many requests a version has answered. */
  answeredBy(version: string): number {
    return this.#byVersion.get(version) ?? 0;
  }

  /** Ends it; all that was sent is counted when this resolves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#inFlight.size < MOST_IN_FLIGHT) this.#send();
      await delay(1000 / PER_SECOND, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#inFlight);
  }

  #send(): void {
    const request = this.#ask().catch((error: unknown) => {
      this.#failures.push({ ip: "", words: error instanceof Error ? error.message : String(error) });
    });
    this.#inFlight.add(request);
    void request.finally(() => this.#inFlight.delete(request));
  }

  async #ask(): Promise<void> {
    const response = await fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) {
      // The API server says which pod it could not reach: "dial tcp 10.244.0.9:8080: connect: …".
      const ip = [...text.matchAll(/(\d+\.\d+\.\d+\.\d+):\d+/g)].at(-1)?.[1] ?? "";
      this.#failures.push({ ip, words: `${response.status} ${text.slice(0, 300)}` });
      return;
    }
    const { version } = JSON.parse(text) as { version: string };
    this.#byVersion.set(version, (this.#byVersion.get(version) ?? 0) + 1);
    this.#answered += 1;
  }
}
