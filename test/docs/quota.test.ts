import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resources } from "../../operator/controller/resources.ts";
import { documentsIn } from "../support/examples.ts";

const textOf = (page: string): string => readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");

test("the quota of docs/operating.md: counts each kind that the operator caches", () => {
  const quotas = documentsIn("operating.md").filter(({ kind }) => kind === "ResourceQuota");
  const { Event: _, ...cached } = resources;
  const names = Object.values(cached).map(({ plural, group }) =>
    group === "" ? `count/${plural}` : `count/${plural}.${group}`,
  );
  expect(quotas).toHaveLength(1);
  const [{ spec } = {}] = quotas;
  expect(Object.keys((spec as { hard: object }).hard).toSorted()).toEqual(names.toSorted());
});

test("the memory per app of docs/operating.md: the figure of docs/performance.md", () => {
  const measured = /The cache takes (\d+ KB) for\s+each app/.exec(textOf("performance.md"))?.[1];
  expect(textOf("operating.md")).toContain(`caches each DemoApp with about ${measured}`);
});
