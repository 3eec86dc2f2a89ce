import { expect, test } from "@jest/globals";
import { waiting } from "./canaryscene.ts";

test.each([
  { value: "2/9", message: "Annotation demoapp.dev/promote names step 9, but rollout 2 has 4 steps." },
  { value: "2/0", message: "Annotation demoapp.dev/promote names step 0, but rollout 2 has 4 steps." },
  {
    value: "2",
    message: 'Annotation demoapp.dev/promote is not a rollout and a step, or a rollout and all: "2"',
  },
  { value: "3/1", message: "no rollout has the number in annotation demoapp.dev/promote" },
])("a promotion with the value $value: nothing is promoted, and a blocker says why", ({ value, message }) => {
  const simulation = waiting(2);
  simulation.annotate("promote", value);
  simulation.pass(30);
  expect(simulation.app.status).toMatchObject({ phase: "Paused", step: { index: 2 } });
  const blocker = simulation.app.status?.blockers?.find((one) => one.reason !== "StepWaits");
  expect(blocker?.message).toContain(message);
  expect(blocker?.next).toMatch(
    /kubectl -n team annotate demoapp web (--overwrite demoapp\.dev\/promote=2\/2|demoapp\.dev\/promote-)/,
  );
});

test("`paused` holds the next step: the blocker says to remove the annotation", () => {
  const simulation = waiting(2);
  simulation.annotate("paused", "true");
  simulation.annotate("promote", "2/2");
  simulation.pass(30);
  expect(simulation.app.status?.blockers).toMatchObject([
    { reason: "StepHeld", next: expect.stringContaining("annotate demoapp web demoapp.dev/paused-") },
  ]);
});

test("a step with a time: the message tells when it ends", () => {
  const simulation = waiting(2);
  const steps = [{ setWeight: 20 }, { pause: { seconds: 600 } }];
  simulation.edit({ strategy: { type: "Canary", canary: { steps } } });
  simulation.pass(60);
  expect(simulation.app.status).toMatchObject({ phase: "Paused" });
  expect(simulation.app.status?.message).toMatch(
    /^Rollout 3 of good:1, step 2 of 2 pauses until 2026-01-01T00:/,
  );
});
