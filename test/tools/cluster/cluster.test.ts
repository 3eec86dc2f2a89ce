import { Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { environmentOf, program } from "../../../tools/cluster/cli.ts";
import { Hopeless, command, until } from "../../../tools/cluster/command.ts";
import { consoleProgress } from "../../../tools/cluster/progress.ts";
import { chooseProvider, clusterFor } from "../../../tools/cluster/provider.ts";

describe("choice of a provider", () => {
  const machine = { wanted: undefined, dockerAnswers: false, linuxRoot: false };
  test.each([
    {
      name: "the one that is named",
      given: { ...machine, wanted: "current", dockerAnswers: true },
      expected: "current",
    },
    {
      name: "embedded for root on Linux, which every test needs, though Docker answers too",
      given: { ...machine, dockerAnswers: true, linuxRoot: true },
      expected: "embedded",
    },
    { name: "k3d where Docker answers", given: { ...machine, dockerAnswers: true }, expected: "k3d" },
  ])("is $name", ({ given, expected }) => {
    expect(chooseProvider(given)).toBe(expected);
  });

  test("is never the present kube context unless it is named", () => {
    expect(() => chooseProvider(machine)).toThrow("no way to run a cluster");
  });

  test("refuses a name that is none", () => {
    expect(() => chooseProvider({ ...machine, wanted: "minikube" })).toThrow('DEMOAPP_CLUSTER is "minikube"');
  });
});

test.each(["", "Demo", "a/b", "..", "a".repeat(21), "-a"])(
  "%j is refused as a cluster's name",
  async (name) => {
    await expect(clusterFor(name, "node")).rejects.toThrow("cluster name");
  },
);

describe("command line", () => {
  test("offers the five commands", () => {
    expect(program().commands.map((one) => one.name())).toEqual(["up", "down", "status", "env", "logs"]);
  });

  test("refuses an unknown mode, naming the known ones", async () => {
    const up = program()
      .commands[0]?.exitOverride()
      .configureOutput({ writeErr: () => undefined });
    await expect(up?.parseAsync(["--mode", "big"], { from: "user" })).rejects.toThrow("node, kwok, api");
  });

  test("env puts kubectl on PATH only where it has one", () => {
    expect(environmentOf({ kubeconfig: "/s/kubeconfig", kubectl: "kubectl" })).toBe(
      "export KUBECONFIG='/s/kubeconfig'",
    );
    expect(environmentOf({ kubeconfig: "/s/k", kubectl: "/c/client/kubectl" })).toContain(
      `PATH='/c/client':"$PATH"`,
    );
  });
});

describe("command", () => {
  test("gives standard output", async () => {
    await expect(command(["sh", "-c", "cat"], { input: "hello" })).resolves.toBe("hello");
  });

  test("fails with the last words of what it ran", async () => {
    await expect(command(["sh", "-c", "echo no room >&2; exit 3"])).rejects.toThrow(/exit 3\n {2}no room/);
  });

  test("fails when there is no such program", async () => {
    await expect(command(["no-such-program-here"])).rejects.toThrow("ENOENT");
  });
});

describe("until", () => {
  test("gives the first value, errors before it included", async () => {
    let calls = 0;
    const probe = (): Promise<number | undefined> => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve(calls);
    };
    await expect(until("three", 5000, probe)).resolves.toBe(3);
  });

  test("says what it waited for and the last error", async () => {
    await expect(until("the moon", 60, () => Promise.reject(new Error("clouds")))).rejects.toThrow(
      "the moon: not within 0.06 s: clouds",
    );
  });

  test("gives up at once when waiting can't help", async () => {
    const probe = (): Promise<undefined> => Promise.reject(new Hopeless("it ended"));
    await expect(until("it", 60_000, probe)).rejects.toThrow("it ended");
  });
});

test("progress is one plain line a step where there is no terminal", async () => {
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
