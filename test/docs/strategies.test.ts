import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { app as newApp, spec } from "../operator/core/objects.ts";
import { InvariantChecker } from "../operator/core/simulation/invariants.ts";
import { Simulation } from "../operator/core/simulation/simulation.ts";
import { documentsIn } from "../support/examples.ts";
import { missingTests, rowsOf } from "./testnames.ts";

type Event = (simulation: Simulation) => void;

const nextVersion: Event = (simulation) => {
  simulation.edit({ image: (simulation.app.spec?.image ?? "").replace(/[\d.]+$/, "1.5.0") });
  simulation.pass(30);
};
const annotated =
  (values: Partial<Record<"abort" | "paused" | "promote", string>>, seconds: number): Event =>
  (simulation) => {
    for (const [command, value] of Object.entries(values))
      simulation.annotate(command as keyof typeof values, value);
    simulation.pass(seconds);
  };
const passed =
  (seconds: number): Event =>
  (simulation) =>
    simulation.pass(seconds);

/** The pages of strategies, each with what happens to its example. The page shows the message after each event. */
const pages: readonly { readonly page: string; readonly events: readonly Event[] }[] = [
  {
    page: "canary.md",
    events: [
      nextVersion,
      passed(60),
      annotated({ paused: "true", promote: "2/4" }, 1),
      annotated({ abort: "2" }, 60),
    ],
  },
  {
    page: "blue-green.md",
    events: [
      nextVersion,
      annotated({ promote: "2/2" }, 60),
      annotated({ paused: "true" }, 300),
      annotated({ abort: "2" }, 60),
    ],
  },
];

const withoutTimes = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "<time>");

describe.each(pages)("docs/$page", ({ page, events }) => {
  const text = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
  const rows = rowsOf(text.split("\n## What happens if\n")[1] ?? "");

  test("each row of `What happens if` names its tests", () => {
    expect(new Set(rows.map(([row]) => row)).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(30);
    for (const [row, , tests = ""] of rows) expect(`${row}: ${tests}`).toMatch(/: "[^"]/);
  });

  test("each test that it names exists", () => {
    expect(missingTests(rows.map(([, , tests = ""]) => tests))).toEqual([]);
  });

  test("its messages are those of its example", () => {
    const [example] = documentsIn(page);
    const words = withoutTimes(text.replaceAll(/\s+/g, " "));
    const simulation = new Simulation(spec({ ...(example?.["spec"] as object) }), new InvariantChecker());
    const { name, namespace } = newApp();
    const messages = events.map((event, i) => {
      if (i === 0) simulation.pass(60);
      event(simulation);
      return withoutTimes(simulation.app.status?.message ?? "")
        .replaceAll(`-n ${namespace} `, `-n ${example?.metadata?.namespace} `)
        .replaceAll(new RegExp(`\\b${name}\\b`, "g"), example?.metadata?.name ?? "");
    });
    expect(messages.filter((message) => !words.includes(message))).toEqual([]);
    expect(simulation.app.status?.phase).toBe("Degraded");
  });
});
