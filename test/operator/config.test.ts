import { describe, expect, test } from "@jest/globals";
import { readConfig } from "../../operator/config.ts";

describe("the operator's configuration", () => {
  test("no flags and no variables: every setting has a default", () => {
    expect(readConfig([], {})).toMatchObject({
      watchNamespaces: [],
      leaderElect: true,
      port: 8081,
      logLevel: "info",
      metricsAuth: false,
    });
  });

  test("flag and variable are set: the flag wins; only the variable: it replaces the default", () => {
    const env = { PORT: "9000", CONCURRENCY: "5" };
    expect(readConfig(["--port", "9001"], env)).toMatchObject({ port: 9001, concurrency: 5 });
  });

  test("namespaces with spaces and a trailing comma: a list of names", () => {
    expect(readConfig([], { WATCH_NAMESPACES: "team-a, team-b," }).watchNamespaces).toEqual([
      "team-a",
      "team-b",
    ]);
  });

  test.each([
    { env: { PORT: "99999" }, names: "PORT" },
    { env: { LEADER_ELECT: "yes" }, names: "LEADER_ELECT" },
    { env: { METRICS_AUTH: "on" }, names: "METRICS_AUTH" },
    { env: { LOG_LEVEL: "loud" }, names: "LOG_LEVEL" },
    { env: { WATCH_NAMESPACES: "Team_A" }, names: "WATCH_NAMESPACES" },
    { env: { CONCURRENCY: "many" }, names: "CONCURRENCY" },
  ])("$names is invalid: the error names the variable and the flag", ({ env, names }) => {
    expect(() => readConfig([], env)).toThrow(new RegExp(`^${names} \\(or --`));
  });

  test("an unknown flag: refused", () => {
    expect(() => readConfig(["--colour", "red"], {})).toThrow(/unknown option/);
  });

  test("the configuration: frozen", () => {
    expect(Object.isFrozen(readConfig([], {}))).toBe(true);
  });

  test("the identity: POD_NAME, by default unique per process", () => {
    expect(readConfig([], {}).identity).toContain(String(process.pid));
    expect(readConfig([], { POD_NAME: "operator-0" }).identity).toBe("operator-0");
  });
});
