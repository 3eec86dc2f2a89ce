import { describe, test } from "@jest/globals";
import { TestEnvironment } from "./environment.ts";
import { realSetup } from "./real.ts";
import { scenarios, timeoutMs } from "./scenarios/all.ts";

describe("on a real API server", () => {
  for (const [name, run] of Object.entries(scenarios))
    test.concurrent(name, async () => TestEnvironment.use(await realSetup(), run), timeoutMs);
});
