import type { ObserveOptions } from "../../../operator/controller/observe.ts";
import { Templates } from "../../../operator/controller/templates.ts";

/** What `observe` needs: these caches and this client, no warnings of pods, and no analysis. */
export const observeOptions = (caches: object, client: object): ObserveOptions =>
  ({
    caches,
    client,
    warnings: { of: () => Promise.resolve([]) },
    measurer: { analysisOf: () => undefined },
    templates: new Templates(),
  }) as unknown as ObserveOptions;
