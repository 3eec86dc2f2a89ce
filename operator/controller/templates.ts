import { labels } from "../api/names.ts";
import type { DemoAppSpec } from "../api/schema.ts";
import type { Fields } from "../core/manifest.ts";
import type { App, Revision } from "../core/observed.ts";
import { isRespelt } from "../core/revisions.ts";
import { readRevision, renderedAgain } from "../core/storedrevisions.ts";
import { neededTemplates } from "../core/templates.ts";
import { type KubeObject, objectKey } from "../runtime/kubernetes.ts";

/** What is known of an app's ControllerRevisions, by their uids. The data of a ControllerRevision never changes. */
interface Known {
  readonly templates: Map<string, Fields>;
  /** Whether `spec` asks for the revision in another spelling of quantities. */
  readonly respelt: Map<string, boolean>;
  spec: DemoAppSpec | undefined;
}

interface Completed {
  readonly revisions: readonly Revision[];
  /** The revisions whose templates a plan needs and that have to be read from the API server. */
  readonly missing: readonly Revision[];
}

const uidOf = ({ live }: Revision): string => live.metadata.uid ?? "";

/**
 * The templates of revisions. Tenants can create ControllerRevisions, so the caches have no templates, and this store has
 * only those that the last plan of each app needed: at rest those of the candidate and of the stable revision.
 */
export class Templates {
  readonly #apps = new Map<string, Known>();

  /**
   * Adds the templates to the revisions of an app, as far as they are known or follow from the spec. Drops templates that no
   * plan needs now.
   */
  complete(app: App, revisions: readonly Revision[]): Completed {
    const { templates, respelt } = this.#known(app);
    const completed = revisions.map((revision) =>
      revision.template === undefined
        ? { ...revision, template: templates.get(uidOf(revision)), isRespelt: respelt.get(uidOf(revision)) }
        : revision,
    );
    const needed = neededTemplates({ app, revisions: completed });
    const missing = needed.filter(({ template }) => template === undefined);
    for (const revision of missing) {
      const template = renderedAgain(app, revision);
      if (template === undefined) continue;
      templates.set(uidOf(revision), template);
      return this.complete(app, revisions);
    }
    const uids = new Set(needed.map(uidOf));
    for (const uid of templates.keys()) if (!uids.has(uid)) templates.delete(uid);
    return { revisions: completed, missing };
  }

  /** Stores the template of a ControllerRevision that was read or written. Returns false if it is not a known app's. */
  add(object: KubeObject): boolean {
    const { namespace, labels: own = {}, uid = "" } = object.metadata;
    const known = this.#apps.get(objectKey(namespace, own[labels.name] ?? ""));
    if (known === undefined) return false;
    const { managedFields: _, ...metadata } = object.metadata;
    const revision = readRevision({ ...object, metadata });
    if (revision?.template === undefined) return false;
    const { templates, respelt, spec } = known;
    templates.set(uid, revision.template);
    if (spec !== undefined) respelt.set(uid, isRespelt(spec, revision));
    return true;
  }

  /** Drops what is known of a deleted app, by its `namespace/name`. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  #known({ namespace, name, spec }: App): Known {
    const key = objectKey(namespace, name);
    const known = this.#apps.get(key) ?? { templates: new Map(), respelt: new Map(), spec };
    if (known.spec !== spec) known.respelt.clear();
    known.spec = spec;
    this.#apps.set(key, known);
    return known;
  }
}
