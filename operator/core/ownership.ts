import { annotations, deploymentName, kind, ownedBy, selectorOf } from "../api/names.ts";
import { includes } from "./diff.ts";
import type { Manifest } from "./manifest.ts";
import type { App } from "./observed.ts";

/**
 * Who owns the object with a name that the app needs.
 * - `free`: no object has the name. `owned`: this DemoApp owns the object.
 * - `adoptable`: no controller owns the object, and this DemoApp may take it over.
 * - `terminating`: the object is terminating, or owned by a deleted DemoApp of this name; the name becomes free
 *   without action.
 * - `taken`: the object belongs to someone else.
 */
export type Ownership = "free" | "owned" | "adoptable" | "terminating" | "taken";

/** True if the object selects pods by these labels. Only a Deployment's selector matters, because it is immutable. */
const selects = (live: Manifest, labels: Readonly<Record<string, string>>): boolean =>
  live.kind !== "Deployment" || includes(live["spec"], { selector: { matchLabels: labels } });

/**
 * Who owns `live`, as seen from `app`. Objects that a DemoApp of this name left behind (`--cascade=orphan`) are
 * adoptable; so is any Service without a controller if `demoapp.dev/adopt` allows it.
 */
export function ownershipOf(app: App, live: Manifest | undefined): Ownership {
  if (live === undefined) return "free";
  const { deletionTimestamp, ownerReferences = [], labels } = live.metadata;
  if (deletionTimestamp !== undefined) return "terminating";
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (controller?.uid === app.uid) return "owned";
  if (controller?.kind === kind && controller.name === app.name) return "terminating";
  if (controller !== undefined) return "taken";
  if (live.kind === "Service" && app.annotations[annotations.adopt] === "service") return "adoptable";
  const track = live.metadata.name === deploymentName(app.name, "candidate") ? "candidate" : "stable";
  // A ControllerRevision belongs to no track.
  const expected = live.kind === "ControllerRevision" ? ownedBy(app.name) : selectorOf(app.name, track);
  return includes(labels, expected) && selects(live, expected) ? "adoptable" : "taken";
}
