import { type ActOptions, act } from "../../../operator/controller/act.ts";
import { type Action, type Scope, inScope } from "../../../operator/core/action.ts";
import { NoOpApplies } from "../../../operator/runtime/noopapplies.ts";
import { Repairs } from "../../../operator/controller/repairs.ts";
import { VirtualClock } from "../../sim/clock.ts";
import type { ApiClient, KubeObject } from "../../../operator/runtime/kubernetes.ts";

export const object = (kind: string, resourceVersion?: string) => ({
  apiVersion: "v1",
  kind,
  metadata: {
    namespace: "team",
    name: "web",
    uid: "1",
    ...(resourceVersion !== undefined && { resourceVersion }),
  },
});
const scopes: Readonly<Record<string, Scope>> = { ControllerRevision: "revision", Service: "traffic" };
export const apply = (kind: string, over?: string): Action => ({
  do: "apply",
  object: object(kind),
  why: "update",
  over,
  ...inScope(scopes[kind] ?? "stable"),
});
export const remove: Action = {
  do: "delete",
  object: object("ControllerRevision"),
  why: "history limit",
  ...inScope("history"),
};
export const takeOver: Action = {
  do: "take-over",
  object: object("Deployment"),
  patch: [{ op: "remove", path: "/a" }],
  why: "drift",
  ...inScope("stable"),
};

/** Runs `act` with a client that responds to each write with the next response: an object, or an error to throw. */
export function scene(...responses: readonly (KubeObject | Error)[]) {
  const left = [...responses];
  const calls: unknown[][] = [];
  const respond =
    (verb: string) =>
    (...args: unknown[]): Promise<KubeObject> => {
      calls.push([verb, ...args]);
      const next = left.shift();
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? object("Service"));
    };
  const client = {
    get: respond("get"),
    create: respond("create"),
    apply: respond("apply"),
    patch: respond("patch"),
    delete: respond("delete"),
  };
  const cached: KubeObject[] = [];
  const written: string[] = [];
  const options: ActOptions = {
    client: client as unknown as ApiClient,
    key: "team/web",
    noOpApplies: new NoOpApplies(),
    repairs: new Repairs(new VirtualClock()),
    updateCache: (response) => void cached.push(response),
    recordOutcome: async ({ name }) => void calls.push(["event", name]),
    onWritten: (action) => void written.push(`${action.do} ${action.object.kind}`),
  };
  return {
    calls,
    verbs: () => calls.map(([verb]) => verb),
    cached,
    written,
    run: (...actions: readonly Action[]) => act(actions, options),
  };
}
