import { fieldManager } from "../../../operator/api/names.ts";
import type { PatchOperation } from "../../../operator/core/fields.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import { timestamp } from "../../../operator/core/observed.ts";
import { fieldsOf } from "../../sim/apiserver/json.ts";
import { builtInKinds } from "../../sim/apiserver/kinds/builtin.ts";
import { withoutZeroValues } from "../../sim/apiserver/kinds/defaults.ts";
import { ofFields } from "../../sim/apiserver/managed/fieldset.ts";
import { applyConfiguration } from "../../sim/apiserver/managed/ownership.ts";
import { jsonPatch } from "../../sim/apiserver/patches.ts";
import { startMs } from "./objects.ts";

/** The object after a forced server-side apply by the operator, without the API server's defaults. */
export function applied(live: Manifest | undefined, desired: Manifest): Manifest {
  const kind = builtInKinds.find((one) => one.kind === desired.kind);
  if (kind === undefined) throw new Error(`no kind ${desired.kind}`);
  const { apiVersion, metadata } = desired;
  const before = live ?? { apiVersion, kind: desired.kind, metadata: { name: metadata.name } };
  // Through JSON, which drops undefined fields.
  const config = fieldsOf(JSON.parse(JSON.stringify(desired)));
  const result = applyConfiguration(before, config, {
    schema: kind.schema,
    writer: { manager: fieldManager, operation: "Apply", apiVersion },
    time: timestamp(startMs),
    ignored: ofFields(["status"]),
    force: true,
  });
  return withoutZeroValues(result) as Manifest;
}

/** The object after a JSON Patch. */
export const patched = (object: Manifest, patch: readonly PatchOperation[]): Manifest =>
  jsonPatch(object, patch) as Manifest;
