import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { spec } from "../operator/core/objects.ts";
import { InvariantChecker } from "../operator/core/simulation/invariants.ts";
import { Simulation } from "../operator/core/simulation/simulation.ts";
import { documentsIn } from "../support/examples.ts";
import { missingTests, rowsOf } from "./testnames.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/canary.md"), "utf8");
const rows = rowsOf(page.split("\n## What happens if\n")[1] ?? "");

test("docs/canary.md: each row of `What happens if` names its tests", () => {
  expect(new Set(rows.map(([row]) => row)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(30);
  for (const [row, , tests = ""] of rows) expect(`${row}: ${tests}`).toMatch(/: "[^"]/);
});

test("docs/canary.md: each test that it names exists", () => {
  expect(missingTests(rows.map(([, , tests = ""]) => tests))).toEqual([]);
});

test("docs/canary.md: its messages are those of its example", () => {
  const [example] = documentsIn("canary.md");
  const withoutTimes = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "<time>");
  const words = withoutTimes(page.replaceAll(/\s+/g, " "));
  const simulation = new Simulation(spec({ ...(example?.["spec"] as object) }), new InvariantChecker());
  const { name, namespace } = simulation.app;
  const messageIsShown = (): void => {
    const message = (simulation.app.status?.message ?? "")
      .replaceAll(`-n ${namespace} `, `-n ${example?.metadata?.namespace} `)
      .replaceAll(`demoapp ${name} `, `demoapp ${example?.metadata?.name} `);
    expect(words).toContain(withoutTimes(message));
  };
  simulation.pass(60);
  simulation.edit({ image: (simulation.app.spec?.image ?? "").replace(/[\d.]+$/, "1.5.0") });
  simulation.pass(30);
  messageIsShown();
  simulation.pass(60);
  messageIsShown();
  simulation.annotate("paused", "true");
  simulation.annotate("promote", "2/4");
  simulation.pass(1);
  messageIsShown();
  simulation.annotate("abort", "2");
  simulation.pass(60);
  messageIsShown();
  expect(simulation.app.status?.phase).toBe("Degraded");
});
