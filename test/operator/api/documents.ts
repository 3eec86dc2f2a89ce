/** Documents for the validation by zod and by the API server, which must agree on each document. */
import { analyses } from "./documents/analyses.ts";
import { basics } from "./documents/basics.ts";
import { environment } from "./documents/environment.ts";
import { names } from "./documents/names.ts";
import { pods } from "./documents/pods.ts";
import { probes } from "./documents/probes.ts";
import { resources } from "./documents/resources.ts";
import type { Row } from "./documents/row.ts";
import { strategies } from "./documents/strategies.ts";

export const documents: readonly Row[] = [
  ...names,
  ...basics,
  ...probes,
  ...resources,
  ...environment,
  ...pods,
  ...strategies,
  ...analyses,
];
