import { Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { environmentOf, program } from "../../../tools/cluster/cli.ts";
import { PermanentError, command, until } from "../../../tools/cluster/command.ts";
import { consoleProgress } from "../../../tools/cluster/progress.ts";
import { chooseProvider, clusterFor } from "../../../tools/cluster/provider.ts";

describe("chooseProvider", () => {
  const machine = { requested: undefined, hasDocker: false, isDebianRoot: false };
  test.each([
    {
      name: "DEMOAPP_CLUSTER is set: the provider that it names",
      given: { ...machine, requested: "current", hasDocker: true },
      expected: "current",
    },
    {
      name: "root on Debian, with Docker: embedded, which every test needs",
      given: { ...machine, hasDocker: true, isDebianRoot: true },
      expected: "embedded",
    },
    { name: "Docker and k3d are available: k3d", given: { ...machine, hasDocker: true }, expected: "k3d" },
  ])("$name", ({ given, expected }) => {
    expect(chooseProvider(given)).toBe(expected);
  });

  test("nothing is available: an error, and not the current kube context", () => {
    expect(() => chooseProvider(machine)).toThrow("no provider can run a cluster here");
  });

  test("DEMOAPP_CLUSTER names no provider: an error that quotes the name", () => {
    expect(() => chooseProvider({ ...machine, requested: "minikube" })).toThrow(
      'DEMOAPP_CLUSTER is "minikube"',
    );
  });
});

test.each(["", "Demo", "a/b", "..", "a".repeat(21), "-a"])("cluster name %j: refused", async (name) => {
  await expect(clusterFor(name, "node")).rejects.toThrow("cluster name");
});

describe("the command line", () => {
  test("program: has the five commands", () => {
    expect(program().commands.map((one) => one.name())).toEqual(["up", "down", "status", "env", "logs"]);
  });

  test("an unknown mode: an error that names the known modes", async () => {
    const up = program()
      .commands[0]?.exitOverride()
      .configureOutput({ writeErr: () => undefined });
    await expect(up?.parseAsync(["--mode", "big"], { from: "user" })).rejects.toThrow("node, kwok, api");
  });

  test("env: adds kubectl to PATH only if the provider brings its own", () => {
    expect(environmentOf({ kubeconfig: "/s/kubeconfig", kubectl: "kubectl" })).toBe(
      "export KUBECONFIG='/s/kubeconfig'",
    );
    expect(environmentOf({ kubeconfig: "/s/k", kubectl: "/c/client/kubectl" })).toContain(
      `PATH='/c/client':"$PATH"`,
    );
  });
});

describe("command", () => {
  test("the command succeeds: resolves with its stdout", async () => {
    await expect(command(["sh", "-c", "cat"], { input: "hello" })).resolves.toBe("hello");
  });

  test("the command fails: rejects with the end of its stderr", async () => {
    await expect(command(["sh", "-c", "echo no room >&2; exit 3"])).rejects.toThrow(/exit 3\n {2}no room/);
  });

  test("the program does not exist: rejects", async () => {
    await expect(command(["no-such-program-here"])).rejects.toThrow("ENOENT");
  });
});

describe("until", () => {
  test("the probe fails at first: resolves with the first value", async () => {
    let calls = 0;
    const probe = (): Promise<number | undefined> => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve(calls);
    };
    await expect(until("three", 5000, probe)).resolves.toBe(3);
  });

  test("the deadline passes: rejects with what was awaited and the last error", async () => {
    await expect(
      until("the port is open", 60, () => Promise.reject(new Error("connection refused"))),
    ).rejects.toThrow("the port is open: not within 0.06 s: connection refused");
  });

  test("a permanent error: rejects at once", async () => {
    const probe = (): Promise<undefined> => Promise.reject(new PermanentError("it ended"));
    await expect(until("it", 60_000, probe)).rejects.toThrow("it ended");
  });
});

test("consoleProgress without a terminal: prints one plain line per step", async () => {
  let text = "";
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const progress = consoleProgress(out);
  await progress.step("etcd ready", (tick) => Promise.resolve(tick("soon")));
  await expect(progress.step("node ready", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(text.replaceAll(/ +[0-9.]+s/g, " 0s")).toBe("  ✓ etcd ready 0s\n  ✗ node ready 0s\n");
});
