import type { ContainerState, Pod } from "../../../../operator/core/observed.ts";
import { timestamp } from "../../../../operator/core/observed.ts";

/** What the containers of an image do, told by its name (`crash:2` is a `crash`). */
export type Behaviour = "good" | "slow" | "crash" | "never" | "missing" | "secret" | "flap";

/** A container's life so far: what its state follows from. */
export interface Life {
  readonly image: string;
  /** When the kubelet first tried to start it, ms since 1970. */
  readonly createdMs: number;
  /** When it was made to crash from outside, ms since 1970. */
  readonly crashedMs: number | undefined;
  /** Since when the Secret that some images need is there, ms since 1970; undefined if it is not. */
  readonly secretSinceMs: number | undefined;
}

type State = Pick<Pod, "ready" | "readinessSince"> & { readonly container: ContainerState };

const idle = {
  name: "app",
  ready: false,
  restarts: 0,
  runningSince: undefined,
  waiting: undefined,
  terminated: undefined,
};

const runningSince = (ms: number, more: Partial<ContainerState> = {}): ContainerState => ({
  ...idle,
  runningSince: timestamp(ms),
  ...more,
});

const unready = (container: ContainerState): State => ({
  ready: false,
  readinessSince: container.runningSince,
  container,
});

function readyAfter(delayMs: number, sinceMs: number, nowMs: number): State {
  const isReady = nowMs >= sinceMs + delayMs;
  const readinessSince = timestamp(isReady ? sinceMs + delayMs : sinceMs);
  return { ready: isReady, readinessSince, container: runningSince(sinceMs, { ready: isReady }) };
}

const waiting = (reason: string, message: string): State =>
  unready({ ...idle, waiting: { reason, message } });

const exit = (atMs: number) => ({ reason: "Error", exitCode: 1, message: "no luck", at: timestamp(atMs) });

/** Runs 5 s, ends, is held back 10 s, and so on. */
function crashing(sinceMs: number, nowMs: number): State {
  const cycle = Math.floor((nowMs - sinceMs) / 15_000);
  const startMs = sinceMs + cycle * 15_000;
  const endMs = startMs + 5_000;
  if (nowMs < endMs)
    return unready(
      runningSince(startMs, { restarts: cycle, terminated: cycle === 0 ? undefined : exit(endMs - 15_000) }),
    );
  const back = { reason: "CrashLoopBackOff", message: "back-off" };
  return unready({ ...idle, restarts: cycle, waiting: back, terminated: exit(endMs) });
}

/** Ready for 6 s, unready for 6 s, and so on. */
function flapping(sinceMs: number, nowMs: number): State {
  const cycle = Math.floor((nowMs - sinceMs) / 6_000);
  const ready = cycle % 2 === 1;
  const readinessSince = timestamp(sinceMs + cycle * 6_000);
  return { ready, readinessSince, container: runningSince(sinceMs, { ready }) };
}

const behaviours: Record<Behaviour, (life: Life, nowMs: number) => State> = {
  good: ({ createdMs }, nowMs) => readyAfter(3_000, createdMs, nowMs),
  slow: ({ createdMs }, nowMs) => readyAfter(40_000, createdMs, nowMs),
  crash: ({ createdMs }, nowMs) => crashing(createdMs, nowMs),
  never: ({ createdMs }) => unready(runningSince(createdMs)),
  missing: () => waiting("ErrImagePull", "code = NotFound desc = missing: not found"),
  flap: ({ createdMs }, nowMs) => flapping(createdMs, nowMs),
  secret: ({ createdMs, secretSinceMs }, nowMs) =>
    secretSinceMs === undefined
      ? waiting("CreateContainerConfigError", 'secret "s" not found')
      : readyAfter(3_000, Math.max(createdMs, secretSinceMs), nowMs),
};

/** The state of a pod's container at a moment; after a crash from outside it takes 3 s to be ready again. */
export function stateOf(life: Life, nowMs: number): State {
  const behaviour = behaviours[(life.image.split(":")[0] ?? "") as Behaviour];
  const state = behaviour(life, nowMs);
  if (life.crashedMs === undefined || !state.ready) return state;
  const again = readyAfter(3_000, life.crashedMs, nowMs);
  const container = { ...again.container, restarts: 1, terminated: exit(life.crashedMs) };
  return { ...again, container };
}
