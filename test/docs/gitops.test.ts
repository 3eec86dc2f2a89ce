import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { phases } from "../../operator/api/schema/status.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("docs/gitops.md");
const customizations = "deploy/argocd/resource_customizations/demoapp.dev/DemoApp";

/** The words in backquotes in the first column of a section's tables. */
const rowsOf = (heading: string): readonly string[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word),
  );
};

test("docs/gitops.md: names every trigger of the notifications", () => {
  const { data } = parse(read("deploy/argocd/install/argocd-notifications-cm.yaml")) as { data: object };
  const triggers = Object.keys(data).filter((key) => key.startsWith("trigger."));
  expect(rowsOf("Notifications").toSorted()).toEqual(
    triggers.map((key) => key.replace("trigger.", "")).toSorted(),
  );
});

test("docs/gitops.md: has a row for every action and for every phase", () => {
  const actions = readdirSync(join(root, customizations, "actions"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "testdata")
    .map(({ name }) => name);
  const rows = rowsOf("What the health check says");
  expect(rows.filter((word) => !/^[A-Z]/.test(word)).toSorted()).toEqual(actions.toSorted());
  expect(rows.filter((word) => /^[A-Z]/.test(word)).toSorted()).toEqual([...phases].toSorted());
});

test("docs/gitops.md: names every key of the Secret that the notification services use", () => {
  const text = read("deploy/argocd/install/argocd-notifications-cm.yaml");
  const keys = [...text.matchAll(/: \$([a-z-]+)$/gm)].map(([, key = ""]) => key);
  expect(keys.length).toBeGreaterThan(3);
  expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});
