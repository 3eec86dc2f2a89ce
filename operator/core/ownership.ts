import { adoptBy, deploymentName, kind, ownedBy, previewName, selectorOf } from "../api/names.ts";
import { includes } from "./includes.ts";
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

/**
 * Whether an object without a controller has the labels and the selector of an object that a DemoApp of this name left
 * behind. Labels alone are no consent: a Service that has them and selects other pods would be redirected.
 */
const leftBehind: Readonly<Record<string, (app: App, live: Manifest) => boolean>> = {
  Deployment(app, { metadata, spec }) {
    const track = metadata.name === deploymentName(app.name, "candidate") ? "candidate" : "stable";
    const matchLabels = selectorOf(app.name, track);
    return includes(metadata.labels, matchLabels) && includes(spec, { selector: { matchLabels } });
  },
  Service(app, { metadata, spec }) {
    const track = metadata.name === previewName(app.name) ? "candidate" : "stable";
    return (
      includes(metadata.labels, selectorOf(app.name, track)) &&
      includes(spec, { selector: ownedBy(app.name) })
    );
  },
  // A ControllerRevision belongs to no track.
  ControllerRevision: (app, { metadata }) => includes(metadata.labels, ownedBy(app.name)),
};

/**
 * Who owns `live`, as seen from `app`. Objects that a DemoApp of this name left behind (`--cascade=orphan`) are
 * adoptable; so is a Service without a controller if its annotation `demoapp.dev/adopt-by` names the app. Never an
 * annotation of the DemoApp: whoever takes an object could consent in the name of its owner.
 */
export function ownershipOf(app: App, live: Manifest | undefined): Ownership {
  if (live === undefined) return "free";
  const { deletionTimestamp, ownerReferences = [] } = live.metadata;
  if (deletionTimestamp !== undefined) return "terminating";
  const controller = ownerReferences.find((owner) => owner.controller === true);
  if (controller?.uid === app.uid) return "owned";
  if (controller?.kind === kind && controller.name === app.name) return "terminating";
  if (controller !== undefined) return "taken";
  const consents = live.kind === "Service" && live.metadata.annotations?.[adoptBy] === app.name;
  return consents || leftBehind[live.kind]?.(app, live) === true ? "adoptable" : "taken";
}
