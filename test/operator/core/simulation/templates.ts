import { Templates } from "../../../../operator/controller/templates.ts";
import type { App, Revision } from "../../../../operator/core/observed.ts";
import type { KubeObject } from "../../../../operator/runtime/kubernetes.ts";

/** The revisions with the templates that a plan needs, and with no others. */
export function withTemplates(
  app: App,
  revisions: readonly Revision[],
  objects: readonly KubeObject[],
): readonly Revision[] {
  const templates = new Templates();
  for (;;) {
    const { revisions: completed, missing } = templates.complete(app, revisions);
    const next = objects.find(({ metadata }) => metadata.uid === missing[0]?.live.metadata.uid);
    if (next === undefined) return completed;
    templates.add(next);
  }
}
