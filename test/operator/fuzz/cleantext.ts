import assert from "node:assert/strict";
import type { Outputs } from "./pipeline.ts";

/** Characters that move a cursor, break a line, reorder or hide text, and halves of surrogate pairs. */
const unclean = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** Checks each text below a value. */
function checkTexts(value: unknown, path: string): void {
  if (typeof value === "string") assert.doesNotMatch(value, unclean, path);
  else if (typeof value === "object" && value !== null)
    for (const [key, below] of Object.entries(value)) {
      assert.doesNotMatch(key, unclean, path);
      checkTexts(below, `${path}.${key}`);
    }
}

/**
 * Every text that the operator shows or keeps is one visible line: in the status, in Events, in the log, and in the
 * annotations of the objects that it applies. The spec that an object passes on is the user's own.
 */
export function checkCleanText({ planned, report, events, log }: Outputs): void {
  checkTexts(report.status, "status");
  checkTexts(report.events, "report.events");
  checkTexts(events, "events");
  checkTexts(log, "log");
  for (const action of planned.actions) {
    const { object, why, reverts } = action;
    checkTexts([why, reverts?.manager], "action");
    if (action.do !== "take-over" && action.do !== "delete")
      checkTexts(object.metadata.annotations, `${object.kind}.annotations`);
  }
}
