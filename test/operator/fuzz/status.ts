import * as fc from "fast-check";
import { phases } from "../../../operator/api/schema/status.ts";
import { reasons } from "../../../operator/api/reasons.ts";
import type { Fields } from "../../sim/apiserver/json.ts";
import { looseTime, some, text, record } from "./values.ts";

const most = (length: number) => text.map((value) => value.slice(0, length).toWellFormed());
const hash = fc.constantFrom("0123456789", "constructor", "");
const rollout = fc.constantFrom(0, 1, 2, 3, 7, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 53 - 1);
const reason = fc.constantFrom(...Object.keys(reasons));
const revision = record({ hash, image: most(512), since: looseTime, rollout });
const count = fc.constantFrom(0, 1, 2, 100_000);

const condition = (type: string) =>
  record({
    type: fc.constant(type),
    status: fc.constantFrom("True", "False", "Unknown"),
    lastTransitionTime: looseTime,
    reason,
    message: text,
  });

const conditions = fc
  .tuple(condition("Ready"), condition("Available"), condition("constructor"), fc.nat(3))
  .map((all) => all.slice(0, all[3]));

/** Statuses that the CRD allows: whoever may write the subresource can write them. */
export const status: fc.Arbitrary<Fields> = some({
  observedGeneration: fc.constantFrom(0, 1, 5),
  phase: fc.constantFrom(...phases),
  message: most(2048),
  conditions,
  stable: revision,
  candidate: revision,
  rejected: fc.array(
    record({ hash, image: most(512), rollout, reason: most(128), message: most(2048), at: looseTime }),
    { maxLength: 1 },
  ),
  blockers: fc.array(
    record({ object: most(512), reason, message: most(2048), since: looseTime, next: most(2048) }),
    { maxLength: 2 },
  ),
  history: fc.array(record({ rollout, hash, image: most(512), startedAt: looseTime, outcome: most(64) }), {
    maxLength: 1,
  }),
  replicas: count,
  display: record({ ready: most(32), image: most(512) }),
});
