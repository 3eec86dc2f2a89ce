import type { ReasonMessage } from "../api/reasons.ts";
import type { Blocker } from "../api/schema.ts";
import type { View } from "./view.ts";

/** A blocker before it is known since when it is there. */
export type BlockerDraft = Omit<Blocker, "since">;

export const blockerDraft = (object: string, said: ReasonMessage, next: string): BlockerDraft => ({
  object,
  ...said,
  next,
});
/** A command for the app's namespace. */
export const kubectl = ({ observed: { app } }: View, rest: string): string =>
  `kubectl -n ${app.namespace} ${rest}`;
