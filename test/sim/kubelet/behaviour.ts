import { type Fields, itemsOf, textOf } from "../apiserver/json.ts";

const names = [
  "ready", // ready after `afterMs`
  "never-ready", // runs, and its readiness probe fails
  "crash", // ends with an error at once, again and again
  "crash-after-ready", // is ready for `lastsMs`, then ends with an error, again and again
  "oom", // takes more memory than it may
  "image-missing", // the registry says that there is no such image
  "registry-down", // the registry can't be reached
  "runs-as-root", // the image's user is root, which the pod forbids
  "config-missing", // wants a Secret that is not there
  "unschedulable", // no node has room
] as const;

type Name = (typeof names)[number];

/** What becomes of a pod on the puppet's node. */
export interface Behaviour {
  readonly does: Name;
  /** From the container's start until it is ready, default 20. */
  readonly afterMs?: number;
  /** From ready until it crashes, default 200. */
  readonly lastsMs?: number;
  /** From a crash until the next start, default 50; doubles each time, up to 5 s. */
  readonly backoffMs?: number;
  /** What it says when it ends, and how; default 1 and an error about a file. */
  readonly exitCode?: number;
  readonly message?: string;
}

/** Longer names first: some begin or end with others. */
const pattern = new RegExp(names.toSorted((a, b) => b.length - a.length).join("|"));

/**
 * What the image's name asks for: `registry.local/app:crash-2` crashes. Whatever names no behaviour becomes ready.
 */
export function behaviourOf(podSpec: Fields): Behaviour {
  const [container = {}] = itemsOf(podSpec["containers"]);
  const image = textOf(container["image"]).replace(/@.*$/, "");
  const [found] = pattern.exec(image.slice(image.lastIndexOf("/") + 1)) ?? [];
  return { does: names.find((name) => name === found) ?? "ready" };
}
