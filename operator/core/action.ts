import type { Manifest } from "./manifest.ts";
import type { PatchOperation } from "./fields.ts";

/** One write to the API server. `why` is for the log: one line says what was done and what for. */
export type Action =
  | {
      readonly do: "apply";
      readonly object: Manifest;
      readonly why: string;
      /** The resourceVersion of the live object that differs; undefined if there is none. */
      readonly over?: string | undefined;
    }
  | {
      readonly do: "take-over";
      readonly object: Manifest;
      readonly patch: readonly PatchOperation[];
      readonly why: string;
    }
  | { readonly do: "delete"; readonly object: Manifest; readonly why: string };
