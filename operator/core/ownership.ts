import { annotations, kind, selectorOf } from "../api/names.ts";
import { includes } from "./diff.ts";
import type { Manifest } from "./manifest.ts";
import type { App } from "./observed.ts";

/**
 * Whose an object of the name that we want is. `going`: it is being deleted, or belongs to a DemoApp of the
 * same name that is gone, so its name becomes free by itself.
 */
export type Ownership = "free" | "ours" | "adoptable" | "going" | "taken";

/** The selector of a Deployment (immutable) or the kind's lack of one that matters. */
const selects = (live: Manifest, labels: Readonly<Record<string, string>>): boolean =>
  live.kind !== "Deployment" || includes(live["spec"], { selector: { matchLabels: labels } });

/** Whose `live` is, seen from `app`: an orphan of ours is adopted, and a Service where the user asks for it. */
export function ownershipOf(app: App, live: Manifest | undefined): Ownership {
  if (live === undefined) return "free";
  const { deletionTimestamp, ownerReferences = [], labels } = live.metadata;
  if (deletionTimestamp !== undefined) return "going";
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (controller?.uid === app.uid) return "ours";
  if (controller?.kind === kind && controller.name === app.name) return "going";
  if (controller !== undefined) return "taken";
  if (live.kind === "Service" && app.annotations[annotations.adopt] === "service") return "adoptable";
  const expected = selectorOf(app.name, "stable");
  return includes(labels, expected) && selects(live, expected) ? "adoptable" : "taken";
}
