import { describe, expect, test } from "@jest/globals";
import { readConfig } from "../../operator/config.ts";

describe("the operator's configuration", () => {
  test("is complete without flags and variables", () => {
    expect(readConfig([], {})).toMatchObject({
      watchNamespaces: [],
      leaderElect: true,
      port: 8081,
      logLevel: "info",
    });
  });

  test("takes flags before variables, and variables before defaults", () => {
    const env = { PORT: "9000", CONCURRENCY: "5" };
    expect(readConfig(["--port", "9001"], env)).toMatchObject({ port: 9001, concurrency: 5 });
  });

  test("takes namespaces as a list, blanks or not", () => {
    expect(readConfig([], { WATCH_NAMESPACES: "team-a, team-b," }).watchNamespaces).toEqual([
      "team-a",
      "team-b",
    ]);
  });

  test.each([
    { env: { PORT: "99999" }, names: "PORT" },
    { env: { LEADER_ELECT: "yes" }, names: "LEADER_ELECT" },
    { env: { LOG_LEVEL: "loud" }, names: "LOG_LEVEL" },
    { env: { WATCH_NAMESPACES: "Team_A" }, names: "WATCH_NAMESPACES" },
    { env: { CONCURRENCY: "many" }, names: "CONCURRENCY" },
  ])("names $names when its value can't be used", ({ env, names }) => {
    expect(() => readConfig([], env)).toThrow(new RegExp(`^${names} \\(or --`));
  });

  test("refuses a flag that it doesn't know", () => {
    expect(() => readConfig(["--colour", "red"], {})).toThrow(/unknown option/);
  });

  test("can't be changed once it is read", () => {
    expect(Object.isFrozen(readConfig([], {}))).toBe(true);
  });

  test("gives every process an identity of its own", () => {
    expect(readConfig([], {}).identity).toContain(String(process.pid));
    expect(readConfig([], { POD_NAME: "operator-0" }).identity).toBe("operator-0");
  });
});
