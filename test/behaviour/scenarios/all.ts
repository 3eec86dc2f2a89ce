import type { TestEnvironment } from "../environment.ts";
import { blueGreens } from "./bluegreen.ts";
import { canaries } from "./canaries.ts";
import { migrations } from "./migrations.ts";
import { obstacles } from "./obstacles.ts";
import { ownership } from "./ownership.ts";
import { processes } from "./processes.ts";
import { randomRollouts } from "./randomrollouts.ts";
import { rejections } from "./rejections.ts";
import { rollouts } from "./rollouts.ts";

/** What a test does and checks, by "<situation>: <expected behaviour>". */
export type Scenarios = Readonly<Record<string, (env: TestEnvironment) => Promise<void>>>;

/** The operator's behaviour, which must be the same on every API server. */
export const scenarios: Scenarios = {
  ...rollouts,
  ...canaries,
  ...blueGreens,
  ...randomRollouts,
  ...rejections,
  ...ownership,
  ...migrations,
  ...obstacles,
  ...processes,
};

/** Only a failing test or an overloaded machine takes this long. */
export const timeoutMs = 120_000;
