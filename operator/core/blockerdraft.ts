import type { ReasonMessage } from "../api/reasons.ts";
import type { App } from "./observed.ts";

/** A blocker without `since`, which `blockersOf` adds. */
export interface BlockerDraft extends ReasonMessage {
  /** The object that the blocker is about, as `Kind/name`. */
  readonly object: string;
  /** What a person can do; starts with a verb. */
  readonly next: string;
}

export const blockerDraft = (object: string, problem: ReasonMessage, next: string): BlockerDraft => ({
  object,
  ...problem,
  next,
});

/** The kubectl command that sets a command annotation of the app; without a value, the one that removes it. */
export const annotate = (app: Pick<App, "namespace" | "name">, key: string, value?: string): string =>
  kubectl(
    app,
    value === undefined
      ? `annotate demoapp ${app.name} ${key}-`
      : `annotate demoapp ${app.name} --overwrite ${key}=${value}`,
  );

/** A kubectl command in the app's namespace. */
export const kubectl = ({ namespace }: Pick<App, "namespace">, rest: string): string =>
  `kubectl -n ${namespace} ${rest}`;
