import { custom, kinds, lists } from "./kinds.ts";
import { answers, deletions } from "./objects.ts";
import { ownership } from "./ownership.ts";
import type { Script } from "./steps.ts";

/** What both servers are asked, script by script; each in a namespace of its own. */
export const scripts: readonly Script[] = [
  ...answers,
  ...deletions,
  ...ownership,
  ...kinds,
  ...custom,
  ...lists,
];
