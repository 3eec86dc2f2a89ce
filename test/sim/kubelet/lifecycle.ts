import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Step, hasContainerStatuses, imageOf, podText } from "./status.ts";

const names = [
  "ready", // ready after `afterMs`
  "never-ready", // runs, but its readiness probe fails
  "flap", // alternately not ready for `afterMs` and ready for `lastsMs`
  "crash", // fails after `lastsMs`, again and again
  "crash-after-ready", // is ready for `lastsMs`, then fails, again and again
  "image-missing", // the registry answers that the image does not exist
  "config-missing", // needs a Secret that does not exist
] as const;

/** What the pods of an image do. */
export interface Behaviour {
  readonly does: (typeof names)[number];
  /** From the container's start until it is ready, default 20. */
  readonly afterMs?: number;
  /** How long the container runs (`crash`, default 0) or is ready (`crash-after-ready`, `flap`, default 200). */
  readonly lastsMs?: number;
  /** From the second crash until the next start, default 50; doubles with each crash, up to 5 s. */
  readonly backoffMs?: number;
}

/** Longer names first, because some names contain others. */
const pattern = new RegExp(names.toSorted((a, b) => b.length - a.length).join("|"));

/** The behaviour that the image's name contains, as in `registry.local/app:2-crash`; otherwise `ready`. */
export function behaviourOf(pod: KubeObject): Behaviour {
  const image = imageOf(pod).replace(/@.*$/, "");
  const [found] = pattern.exec(image.slice(image.lastIndexOf("/") + 1)) ?? [];
  return { does: names.find((name) => name === found) ?? "ready" };
}

type Steps = Generator<Step, void>;

const running = (delayMs = 0): Step => ({ delayMs, state: "running" });
const ready = (delayMs = 20): Step => ({ delayMs, state: "running", ready: true });

/** The container waits for a Secret or another object. */
export const configMissing = (message: string): Step => ({
  delayMs: 0,
  state: "waiting",
  reason: "CreateContainerConfigError",
  message,
  warning: { reason: "Failed", message: `Error: ${message}` },
});

/** The container fails. */
export const crash: Step = {
  delayMs: 0,
  state: "terminated",
  exitCode: 1,
  reason: "Error",
  message: "Error: cannot open /data/config.json\n",
};

/** A container that fails again and again; the kubelet restarts it at once the first time, then backs off. */
function* crashing(pod: KubeObject, { does, afterMs, lastsMs, backoffMs = 50 }: Behaviour): Steps {
  let delayMs = 0;
  for (let crashes = 0; ; crashes += 1) {
    yield running(delayMs);
    if (does === "crash-after-ready") yield ready(afterMs);
    yield { ...crash, delayMs: lastsMs ?? (does === "crash-after-ready" ? 200 : 0) };
    if (crashes === 0) continue;
    delayMs = Math.max(backoffMs, Math.min(5000, backoffMs * 2 ** (crashes - 1)));
    const seconds = Math.min(300, 10 * 2 ** (crashes - 1));
    const time = seconds >= 60 ? `${Math.floor(seconds / 60)}m${seconds % 60}s` : `${seconds}s`;
    const message = `back-off ${time} restarting failed container=app pod=${podText(pod)}`;
    yield { delayMs: 0, state: "waiting", reason: "CrashLoopBackOff", message };
  }
}

function* flapping({ afterMs = 20, lastsMs = 200 }: Behaviour): Steps {
  for (let delayMs = 0; ; delayMs = lastsMs) {
    yield running(delayMs);
    yield ready(afterMs);
  }
}

function* pulling(image: string): Steps {
  const message = `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  const warning = { reason: "Failed", message: `Failed to pull image "${image}": ${message}` };
  yield { delayMs: 0, state: "waiting", reason: "ErrImagePull", message, warning };
  const backoff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
  yield { delayMs: 20, state: "waiting", reason: "ImagePullBackOff", message: backoff };
}

const scripts: Record<Behaviour["does"], (pod: KubeObject, behaviour: Behaviour) => Iterable<Step>> = {
  ready: (_, { afterMs }) => [running(), ready(afterMs)],
  "never-ready": () => {
    const message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    return [running(), { ...running(20), warning: { reason: "Unhealthy", message } }];
  },
  flap: (_, behaviour) => flapping(behaviour),
  crash: crashing,
  "crash-after-ready": crashing,
  "image-missing": (pod) => pulling(imageOf(pod)),
  "config-missing": () => [configMissing('secret "absent" not found')],
};

/** All states of a pod's container in order; may have no end. A container that has a state already is not created. */
export function* lifecycle(pod: KubeObject, behaviour: Behaviour): Steps {
  if (!hasContainerStatuses(pod)) yield { delayMs: 0, state: "waiting", reason: "ContainerCreating" };
  yield* scripts[behaviour.does](pod, behaviour);
}
