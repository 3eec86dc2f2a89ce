/** An answer of a version. */
export interface Answer {
  readonly version: string;
  readonly ok: boolean;
  /** When the answer arrived, ms as of `performance.now()`. */
  readonly atMs: number;
}

/** A request that failed. */
export interface Failure {
  /** Address of the pod; "" if the answer names none. */
  readonly ip: string;
  readonly message: string;
}

const timeoutMs = 3000;
/** While so many requests are unanswered, no further one is sent. */
const maxInFlight = 40;

/** Requests the version from the Service until stopped. */
export class Traffic {
  readonly failures: Failure[] = [];
  /** What the versions answered, in the order of arrival. */
  readonly answers: Answer[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(url: string, perSecond = 20) {
    this.#timer = setInterval(() => {
      if (this.#inFlight.size < maxInFlight) this.#send(url);
    }, 1000 / perSecond);
  }

  /** Requests that were answered or failed. */
  get sent(): number {
    return this.answers.filter(({ ok }) => ok).length + this.failures.length;
  }

  /** Number of requests that a version answered. */
  answeredBy(version: string): number {
    return this.answers.filter((answer) => answer.ok && answer.version === version).length;
  }

  /** When the last response of a version arrived, ms as of `performance.now()`; -Infinity if none did. */
  lastAnswerAt(version: string): number {
    return this.answers.findLast((answer) => answer.ok && answer.version === version)?.atMs ?? -Infinity;
  }

  /** Stops sending; resolves when every request is counted. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
  }

  #send(url: string): void {
    const request = this.#request(url)
      .catch((error: unknown) => {
        this.failures.push({ ip: "", message: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => this.#inFlight.delete(request));
    this.#inFlight.add(request);
  }

  async #request(url: string): Promise<void> {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    const { ok, headers } = response;
    const version = ok
      ? (JSON.parse(text) as { version: string }).version
      : (headers.get("x-app-version") ?? "");
    this.answers.push({ version, ok, atMs: performance.now() });
    if (ok) return;
    // The API server names the pod that it could not reach: "dial tcp 10.244.0.9:8080: connect: …".
    const ip = [...text.matchAll(/(\d+\.\d+\.\d+\.\d+):\d+/g)].at(-1)?.[1] ?? "";
    this.failures.push({ ip, message: `${response.status} ${text.slice(0, 300)}` });
  }
}
