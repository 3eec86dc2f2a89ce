import type { PatchOperation } from "./fields.ts";
import type { Manifest } from "./manifest.ts";

/** One write to the API server. `why` is the reason that the operator logs with the write. */
export type Action =
  | {
      readonly do: "apply";
      readonly object: Manifest;
      readonly why: string;
      /** The resourceVersion of the live object that differs; undefined if there is no live object. */
      readonly over?: string | undefined;
    }
  | {
      /** Takes over the fields of other managers with a JSON patch on `managedFields`. */
      readonly do: "take-over";
      readonly object: Manifest;
      readonly patch: readonly PatchOperation[];
      readonly why: string;
    }
  | { readonly do: "delete"; readonly object: Manifest; readonly why: string };
