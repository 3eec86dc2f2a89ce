import type { Track } from "../api/names.ts";
import type { AppEvent } from "./events.ts";
import type { PatchOperation } from "./fields.ts";
import type { Fields, Manifest } from "./manifest.ts";

/** What a write changes: stored outcomes and templates, the Deployment of a track, a Service, or old revisions. */
export type Scope = "revision" | Track | "traffic" | "preview" | "history";

/** The scopes that a write depends on, by its own scope: if a write in one of them fails, the write is not made. */
const prerequisites: Readonly<Record<Scope, readonly Scope[]>> = {
  revision: [],
  // Pods of a rollout that is not stored would be judged without its start and its outcome.
  stable: ["revision"],
  candidate: ["revision"],
  // If the API server refuses the pods of a changed spec, the Service must not serve by the changed spec either.
  traffic: ["revision", "stable"],
  preview: ["revision"],
  history: ["revision"],
};

export const scopes = Object.keys(prerequisites) as readonly Scope[];

interface Write {
  readonly object: Manifest;
  /** The reason of the write, for the log. */
  readonly why: string;
  /** The change that the write reverts, if `why` is "drift": its field manager, and the spec as the manager left it. */
  readonly reverts?: { readonly manager: string; readonly spec: unknown } | undefined;
  readonly scope: Scope;
  /** The scopes that the write depends on. */
  readonly needs: readonly Scope[];
  /** The end of a rollout, which the object stores: published before the write, so that a crash loses nothing. */
  readonly outcome?: (AppEvent & { readonly name: string }) | undefined;
}

/** One write to the API server. */
export type Action = Write &
  (
    | {
        readonly do: "apply";
        /** The resourceVersion of the live object that differs; undefined if there is no live object. */
        readonly over?: string | undefined;
        /** True if there is no live object: the apply is not forced, and conflicts with an object of another writer. */
        readonly isNew?: boolean;
      }
    | {
        /** Takes over the fields of other managers with a JSON patch on `managedFields`. */
        readonly do: "take-over";
        readonly patch: readonly PatchOperation[];
      }
    /** Creates an object by POST, which is cheaper than an apply. */
    | { readonly do: "create" }
    | {
        /** Changes a created object by a merge patch. */
        readonly do: "patch";
        readonly patch: Fields;
        /** As for an apply. */
        readonly over: string | undefined;
      }
    | { readonly do: "delete" }
  );

/** The scope of a write, and the scopes that it depends on. */
export const inScope = (scope: Scope): Pick<Write, "scope" | "needs"> => ({
  scope,
  needs: prerequisites[scope],
});

/** True if the write depends on one of the scopes in which a write is blocked or has failed. */
export const isStopped = ({ scope, needs }: Action, stopped: ReadonlySet<Scope>): boolean =>
  stopped.has(scope) || needs.some((other) => stopped.has(other));
