import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { resources } from "../../../operator/controller/resources.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import { useKubeconfigs } from "./exec-plugin.ts";
import { ref, useServer } from "./http-server.ts";

const server = useServer();
const kubeconfigs = useKubeconfigs();

describe("several files, joined by a colon", () => {
  const context = (cluster: string, user: string) => ({ name: "c", context: { cluster, user } });

  test("the first definition of a name wins, and missing and empty files are skipped", async () => {
    const one = kubeconfigs().write(
      "one",
      stringify({
        "current-context": "c",
        contexts: [context("cluster", "jane")],
        users: [{ name: "jane", user: { token: "first" } }],
        clusters: null,
      }),
    );
    const two = kubeconfigs().write(
      "two",
      stringify({
        "current-context": "other",
        contexts: [context("nowhere", "nobody")],
        users: [{ name: "jane", user: { username: "jane", password: "second" } }],
        clusters: [
          { name: "broken", cluster: {} },
          { name: "cluster", cluster: { server: server().url } },
        ],
      }),
    );
    const missing = join(kubeconfigs().folder, "missing");
    const kubeconfig = [missing, one, kubeconfigs().write("empty", ""), two, two].join(":");
    await server().connect({ server: undefined, kubeconfig }).get(resources.Service, ref);
    expect(server().received[0]?.headers.authorization).toBe("Bearer first");
  });

  test("relative paths: start from the file that has them, also that of a plug-in", async () => {
    mkdirSync(join(kubeconfigs().folder, "a"));
    mkdirSync(join(kubeconfigs().folder, "b"));
    const one = kubeconfigs().write(
      "a/one",
      stringify({
        "current-context": "c",
        contexts: [context("cluster", "jane")],
        clusters: [{ name: "cluster", cluster: { server: server().url } }],
      }),
    );
    const two = kubeconfigs().write(
      "b/two",
      stringify({ users: [{ name: "jane", user: { tokenFile: "token" } }] }),
    );
    kubeconfigs().write("b/token", "of-two");
    await server()
      .connect({ server: undefined, kubeconfig: `${one}:${two}` })
      .get(resources.Service, ref);
    expect(server().received[0]?.headers.authorization).toBe("Bearer of-two");
    kubeconfigs().write(
      "b/two",
      stringify({
        users: [
          { name: "jane", user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./x" } } },
        ],
      }),
    );
    const client = server().connect({ server: undefined, kubeconfig: `${one}:${two}`, retries: 0 });
    await expect(client.get(resources.Service, ref)).rejects.toThrow(join(kubeconfigs().folder, "b/x"));
  });

  test("no file exists: refused with the paths", () => {
    expect(() => createClient({ kubeconfig: "/no/one:/no/two" })).toThrow(
      "the kubeconfig /no/one:/no/two does not exist",
    );
  });
});

describe("impersonation", () => {
  test("user, uid, groups and extra fields: sent as headers, each group and value as its own", async () => {
    const kubeconfig = kubeconfigs().userOf(server().url, {
      token: "t",
      as: "jäne",
      "as-uid": "1",
      "as-groups": ["sre", "on-call"],
      "as-user-extra": { "example.com/(team)": ["a", "b"] },
    });
    await server().connect({ server: undefined, kubeconfig }).get(resources.Service, ref);
    expect(server().received[0]?.values).toMatchObject({
      authorization: ["Bearer t"],
      // Node reads headers as Latin-1; the API server reads UTF-8.
      "impersonate-user": [Buffer.from("jäne").toString("latin1")],
      "impersonate-uid": ["1"],
      "impersonate-group": ["sre", "on-call"],
      "impersonate-extra-example.com%2f%28team%29": ["a", "b"],
    });
  });
});

describe("a kubeconfig that can't be used", () => {
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "x" };
  test.each([
    { name: "groups without a user", user: { "as-groups": ["sre"] }, message: /as-groups .* need as/ },
    {
      name: "a line break in a group",
      user: { as: "a", "as-groups": ["a\nb"] },
      message: /as-groups\.0: must not contain control/,
    },
    {
      name: "one group, not a list",
      user: { as: "a", "as-groups": "sre" },
      message: /as-groups: .*expected array/,
    },
    {
      name: "a removed auth-provider",
      user: { "auth-provider": { name: "gcp" } },
      message: /only oidc is supported: use an exec plug-in/,
    },
    {
      name: "a plug-in that needs a terminal",
      user: { exec: { ...exec, interactiveMode: "Always" } },
      message: /interactiveMode: .*no terminal/,
    },
    {
      name: "a plug-in's removed version",
      user: { exec: { ...exec, apiVersion: "client.authentication.k8s.io/v1alpha1" } },
      message: /exec\.apiVersion: /,
    },
    {
      name: "two identities",
      user: { token: "t", username: "jane" },
      message: /token and username exclude each other/,
    },
  ])("$name: refused with a sentence that names the user and the field", ({ user, message }) => {
    const kubeconfig = kubeconfigs().userOf("https://server", user);
    const start = (): unknown => createClient({ kubeconfig });
    expect(start).toThrow(/^user "demoapp" of the kubeconfig is invalid: /);
    expect(start).toThrow(message);
  });

  test("the context's user is missing: refused with the name", () => {
    const kubeconfig = kubeconfigs().write(
      "config",
      stringify({
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "cluster", user: "jane" } }],
        clusters: [{ name: "cluster", cluster: { server: "https://server" } }],
      }),
    );
    expect(() => createClient({ kubeconfig })).toThrow('the kubeconfig has no user "jane"');
  });

  test("it is not YAML: refused without its content", () => {
    const kubeconfig = kubeconfigs().write("config", "users: [{ token: secret");
    expect(() => createClient({ kubeconfig })).toThrow(/^the kubeconfig \S+ is not YAML: (?!.*secret)/);
  });
});
