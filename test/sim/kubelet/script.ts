import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Fields } from "../apiserver/json.ts";
import type { Behaviour } from "./behaviour.ts";
import { type Moment, imageOf, podText, running, terminated, waiting } from "./status.ts";

/** What happens next to a pod, and after how long. */
export interface Step {
  readonly delayMs: number;
  readonly moment: (nowMs: number) => Moment;
}

type Script = Generator<Step, void>;

const at = (delayMs: number, moment: (nowMs: number) => Moment): Step => ({ delayMs, moment });
const creating = at(0, () => ({ state: waiting("ContainerCreating") }));
const stuck = (reason: string, message: string): Step =>
  at(0, () => ({
    state: waiting(reason, message),
    warning: { reason: "Failed", message: `Error: ${message}` },
  }));

/** A container that ends again and again, and waits longer each time. */
function* crashing(
  pod: KubeObject,
  behaviour: Behaviour,
  run: (restarts: number, lastState: Fields) => Script,
): Script {
  const isOom = behaviour.does === "oom";
  const { exitCode = isOom ? 137 : 1, backoffMs = 50 } = behaviour;
  const message = behaviour.message ?? (isOom ? undefined : "Error: cannot open /data/config.json\n");
  const end = (nowMs: number): Fields =>
    terminated({ exitCode, reason: isOom ? "OOMKilled" : "Error", message }, nowMs);
  let lastState: Fields = {};
  for (let restarts = 0; ; restarts += 1) {
    yield* run(restarts, lastState);
    const count = restarts;
    const seconds = Math.min(300, 10 * 2 ** Math.max(0, count - 1));
    const words = `back-off ${seconds >= 60 ? `${Math.floor(seconds / 60)}m${seconds % 60}s` : `${seconds}s`} restarting failed container=app pod=${podText(pod)}`;
    yield at(0, (nowMs) => {
      const ended = end(nowMs);
      const before = lastState;
      lastState = ended;
      // The first restart comes at once; only then the kubelet backs off.
      return count === 0
        ? { state: ended, lastState: before, restarts: count }
        : { state: waiting("CrashLoopBackOff", words), lastState: ended, restarts: count };
    });
    yield at(count === 0 ? 0 : Math.min(5000, backoffMs * 2 ** (count - 1)), (nowMs) => ({
      state: running(nowMs),
      lastState,
      restarts: count + 1,
    }));
  }
}

const missingImage = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
const unreachable = (image: string): string =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "http://${image.split("/")[0]}/v2/": dial tcp 192.0.2.9:5000: connect: connection refused`;

function* pulling(image: string, message: string): Script {
  const warning = { reason: "Failed", message: `Failed to pull image "${image}": ${message}` };
  yield at(0, () => ({ state: waiting("ErrImagePull", message), warning }));
  const backoff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
  yield at(20, () => ({ state: waiting("ImagePullBackOff", backoff) }));
}

function* starting(behaviour: Behaviour): Script {
  yield at(0, (nowMs) => ({ state: running(nowMs) }));
  let startedMs = 0;
  yield at(behaviour.afterMs ?? 20, (nowMs) => {
    startedMs = nowMs;
    return { state: running(startedMs), ready: true };
  });
}

/** All that happens to a pod on a node, in order. */
export function* scriptOf(pod: KubeObject, behaviour: Behaviour): Script {
  const image = imageOf(pod);
  yield creating;
  switch (behaviour.does) {
    case "ready":
      yield* starting(behaviour);
      return;
    case "never-ready":
      yield at(0, (nowMs) => ({ state: running(nowMs) }));
      yield at(20, (nowMs) => ({
        state: running(nowMs),
        warning: {
          reason: "Unhealthy",
          message: "Readiness probe failed: HTTP probe failed with statuscode: 503",
        },
      }));
      return;
    case "crash":
    case "oom":
      yield* crashing(pod, behaviour, function* (restarts) {
        if (restarts === 0) yield at(0, (nowMs) => ({ state: running(nowMs) }));
      });
      return;
    case "crash-after-ready":
      yield* crashing(pod, behaviour, function* (restarts, lastState) {
        if (restarts === 0) yield at(0, (nowMs) => ({ state: running(nowMs) }));
        const ready = (nowMs: number): Moment => ({
          state: running(nowMs),
          ready: true,
          restarts,
          lastState,
        });
        yield at(behaviour.afterMs ?? 20, ready);
        yield at(behaviour.lastsMs ?? 200, (nowMs) => ({ state: running(nowMs), restarts, lastState }));
      });
      return;
    case "image-missing":
      yield* pulling(image, missingImage(image));
      return;
    case "registry-down":
      yield* pulling(image, unreachable(image));
      return;
    case "runs-as-root":
      yield stuck(
        "CreateContainerConfigError",
        `container has runAsNonRoot and image will run as root (pod: "${podText(pod)}", container: app)`,
      );
      return;
    case "config-missing":
      yield stuck("CreateContainerConfigError", behaviour.message ?? 'secret "absent" not found');
      return;
    case "unschedulable":
  }
}
