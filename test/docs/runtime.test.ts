import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../operator/runtime/client.ts";
import { until } from "../../tools/cluster/command.ts";
import { kinds } from "../../tools/objects.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { startCopier } from "./copier.ts";
import { missingTests, rowsOf } from "./testnames.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/runtime.md"), "utf8");
const operator = readFileSync(join(import.meta.dirname, "copier.ts"), "utf8");

test("the page shows the second operator as it is, in less than 100 lines", () => {
  expect(page).toContain(`\`\`\`ts\n${operator}\`\`\``);
  expect(operator.split("\n").length).toBeLessThan(100);
});

test("the second operator copies a ConfigMap, follows its changes, and deletes the copies with it", async () => {
  const server = new FakeApiServer();
  await server.start();
  const client = createClient({ server: server.url });
  for (const name of ["a", "b"])
    await client.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const copier = await startCopier(client, "one");
  const write = (to: string, data: object) =>
    client.apply(
      kinds.ConfigMap,
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          namespace: "default",
          name: "shared",
          labels: { "copy.dev/enabled": "true" },
          annotations: { "copy.dev/to": to },
        },
        data,
      },
      { fieldManager: "somebody", force: true },
    );
  /** Waits until the copies, by namespace, are as expected. */
  const copiesAre = (expected: Readonly<Record<string, object>>): Promise<true> =>
    until(`the copies ${JSON.stringify(expected)}`, 5_000, async () => {
      const { items } = await client.list(kinds.ConfigMap, {});
      const copies = items.filter(({ metadata }) => metadata.namespace !== "default");
      const found = Object.fromEntries(copies.map(({ metadata, data }) => [metadata.namespace, data]));
      return JSON.stringify(found) === JSON.stringify(expected) || undefined;
    });
  try {
    await write("a", { color: "red" });
    await copiesAre({ a: { color: "red" } });
    await write("a,b", { color: "blue" });
    await copiesAre({ a: { color: "blue" }, b: { color: "blue" } });
    await client.delete(kinds.ConfigMap, { namespace: "a", name: "shared" });
    await copiesAre({ a: { color: "blue" }, b: { color: "blue" } });
    await write("b", { color: "blue" });
    await copiesAre({ b: { color: "blue" } });
    await client.delete(kinds.ConfigMap, { namespace: "default", name: "shared" });
    await copiesAre({});
    expect((await fetch(`http://127.0.0.1:${copier.port}/readyz`)).status).toBe(200);
  } finally {
    await copier.stop();
    await client.close();
    await server.stop();
  }
});

/** The rows: what client-go or controller-runtime does, what this runtime does, and the names of tests. */
const rows = rowsOf(page);

test("the table has about 40 rows, and each row names its tests or says why there is none", () => {
  expect(new Set(rows.map(([row]) => row)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(40);
  for (const [row, , tests = ""] of rows) expect(`${row}: ${tests}`).toMatch(/: ("[^"]|No test: )/);
});

test("each test that the table names exists", () => {
  expect(missingTests(rows.map(([, , tests = ""]) => tests))).toEqual([]);
});
