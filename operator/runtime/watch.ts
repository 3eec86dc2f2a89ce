import type { Clock, Timer } from "./clock.ts";
import type { ApiClient, ResourceType, WatchEvent, WatchOptions } from "./kubernetes.ts";

/** The API server ends each watch after a random 5 to 10 minutes, which spreads load, as in client-go. */
const minWatchSeconds = 300;
/**
 * A stream without events for this long is broken, even if TCP reports no error: bookmarks arrive once a minute. The API
 * server also stays silent if etcd was restored to a version before the watch's.
 */
const inactivityMs = 90_000;

interface WatchRequest {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  /** What to watch, and from which version. */
  readonly from: Omit<WatchOptions, "timeoutSeconds" | "allowWatchBookmarks">;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: WatchEvent) => void;
}

/** Watches until the stream ends. Throws if the stream breaks or is silent for 90 s, and what `onEvent` throws. */
export async function watch({
  client,
  resource,
  from,
  signal,
  onEvent,
  ...time
}: WatchRequest): Promise<void> {
  const timeoutSeconds = Math.round(minWatchSeconds * (1 + time.random()));
  const stream = new AbortController();
  const stop = (): void => stream.abort();
  signal.addEventListener("abort", stop, { once: true });
  let lastActiveMs = time.clock.monotonicMs();
  using _ = startWatchdog(time.clock, stream, () => lastActiveMs);
  try {
    const options = { ...from, timeoutSeconds, allowWatchBookmarks: true };
    for await (const event of client.watch(resource, options, stream.signal)) {
      if (signal.aborted) return;
      lastActiveMs = time.clock.monotonicMs();
      onEvent(event);
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Aborts a stream when it has been silent for `inactivityMs`. Uses one timer, not one per event. */
function startWatchdog(clock: Clock, stream: AbortController, lastActiveMs: () => number): Timer {
  const check = (): void => {
    const inactiveMs = clock.monotonicMs() - lastActiveMs();
    if (inactiveMs < inactivityMs) timer = clock.setTimeout(check, inactivityMs - inactiveMs);
    else stream.abort(new Error(`no watch event for ${Math.round(inactiveMs / 1000)} s`));
  };
  let timer = clock.setTimeout(check, inactivityMs);
  return { [Symbol.dispose]: () => clock.clearTimeout(timer) };
}
