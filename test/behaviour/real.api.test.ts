import { describe, test } from "@jest/globals";
import { realGround } from "./real.ts";
import { behaviours, happen, timeoutMs } from "./suite.ts";

describe("on a real API server", () => {
  for (const story of behaviours) test.concurrent(story.name, () => happen(story, realGround()), timeoutMs);
});
