import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { hostname } from "node:os";
import { ConfigError, loadConfig } from "../../webapp/config.ts";

describe("the web app's configuration", () => {
  test("no variable is set: every setting has a default", () => {
    expect(loadConfig({})).toStrictEqual({
      port: 8080,
      host: "0.0.0.0",
      version: "1.0.0",
      pod: hostname(),
      logLevel: "info",
      drainWaitMs: 2000,
      drainTimeoutMs: 10_000,
      faults: { errorRate: 0, latencyMs: 0, notReady: false, crashAfterSeconds: 0 },
      faultsOverHttp: false,
    });
  });

  test("a variable is empty: counts as unset", () => {
    expect(loadConfig({ APP_VERSION: "", PORT: "", FAULTS_OVER_HTTP: "" })).toStrictEqual(loadConfig({}));
  });

  test("all variables are set: each is used", () => {
    const env = {
      PORT: "9000",
      HOST: "::1",
      APP_VERSION: "2.1.0-rc.1+build",
      POD_NAME: "web-0",
      LOG_LEVEL: "debug",
      DRAIN_WAIT_MS: "0",
      DRAIN_TIMEOUT_MS: "500",
      FAULT_ERROR_RATE: "0.25",
      FAULT_LATENCY_MS: "100",
      FAULT_NOT_READY: "true",
      FAULT_CRASH_AFTER_SECONDS: "12",
      FAULTS_OVER_HTTP: "true",
    };
    expect(loadConfig(env)).toStrictEqual({
      port: 9000,
      host: "::1",
      version: "2.1.0-rc.1+build",
      pod: "web-0",
      logLevel: "debug",
      drainWaitMs: 0,
      drainTimeoutMs: 500,
      faults: { errorRate: 0.25, latencyMs: 100, notReady: true, crashAfterSeconds: 12 },
      faultsOverHttp: true,
    });
  });

  test.each([
    ["PORT", "65536"],
    ["PORT", "80.5"],
    ["PORT", "http"],
    ["APP_VERSION", "<script>"],
    ["APP_VERSION", "1.0\r\nx: y"],
    ["APP_VERSION", "1".repeat(65)],
    ["POD_NAME", "a b"],
    ["LOG_LEVEL", "loud"],
    ["DRAIN_WAIT_MS", "-1"],
    ["DRAIN_TIMEOUT_MS", "120001"],
    ["FAULT_ERROR_RATE", "1.01"],
    ["FAULT_LATENCY_MS", "30001"],
    ["FAULT_NOT_READY", "yes"],
    ["FAULT_CRASH_AFTER_SECONDS", "3601"],
    ["FAULTS_OVER_HTTP", "1"],
  ])("%s=%j: refused with name and value", (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(new RegExp(`^${name}: `));
    expect(() => loadConfig({ [name]: value })).toThrow(`(it is "${value}")`);
  });

  test("several variables are invalid: the error names all of them", () => {
    expect(() => loadConfig({ PORT: "x", HOST: "h", FAULT_ERROR_RATE: "2" })).toThrow(
      /PORT.*FAULT_ERROR_RATE/,
    );
  });

  test("random values: either a configuration within its bounds or a ConfigError", () => {
    const text = fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String));
    const env = fc.record({ PORT: text, FAULT_ERROR_RATE: text, FAULT_LATENCY_MS: text, APP_VERSION: text });
    fc.assert(
      fc.property(env, (given) => {
        try {
          const { port, faults, version } = loadConfig(given);
          expect(port >= 0 && port <= 65_535 && Number.isInteger(port)).toBe(true);
          expect(faults.errorRate >= 0 && faults.errorRate <= 1).toBe(true);
          expect(faults.latencyMs >= 0 && faults.latencyMs <= 30_000).toBe(true);
          expect(version).toMatch(/^[\w.+-]{1,64}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });
});
