import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { ConnectionError } from "../../../operator/runtime/api-error.ts";
import type { ClientOptions } from "../../../operator/runtime/client.ts";
import type { ApiClient } from "../../../operator/runtime/kubernetes.ts";
import { until } from "../../../tools/cluster/command.ts";
import { useKubeconfigs } from "./exec-plugin.ts";
import { type Responder, ok, ref, sendJson, useServer, web } from "./http-server.ts";

const server = useServer();
const kubeconfigs = useKubeconfigs();

const connect = (kubeconfig: string, options: ClientOptions = {}): ApiClient =>
  server().connect({ server: undefined, kubeconfig, retries: 0, ...options });

/** Answers 401 to all tokens except the given one. */
const accept =
  (token: string): Responder =>
  (received, response) =>
    received.headers.authorization === `Bearer ${token}`
      ? ok(received, response)
      : sendJson(response, 401, { kind: "Status", message: "Unauthorized" });

const tokens = (): (string | undefined)[] =>
  server().received.map(({ headers }) => headers.authorization?.replace("Bearer ", ""));

const messageOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "no error",
    (error: Error) => error.message,
  );

describe("an exec plug-in", () => {
  test("20 concurrent requests: share one start, and its token is used until it expires", async () => {
    const client = connect(kubeconfigs().pluginOf(server().url, 'print({ token: "t" + n })'));
    await Promise.all(Array.from({ length: 20 }, () => client.get(resources.Service, ref)));
    await client.get(resources.Service, ref);
    expect(new Set(tokens())).toEqual(new Set(["t1"]));
    expect(kubeconfigs().starts).toBe(1);
  });

  test("it hangs: requests fail after their own timeout, and the message names the plug-in and the time", async () => {
    const client = connect(kubeconfigs().pluginOf(server().url, "setInterval(() => undefined, 1_000)"), {
      timeoutMs: 1_000,
    });
    const name = `the exec plug-in ${process.execPath}`;
    const call = { timeoutMs: 100, urgent: true };
    expect(await messageOf(client.get(resources.Service, ref, call))).toBe(
      `no credentials from ${name} within 100 ms`,
    );
    expect(await messageOf(client.get(resources.Service, ref))).toBe(
      `no credentials from ${name} within 1000 ms`,
    );
  });

  test("it hangs, and then works: it is not started in a loop, and later requests succeed", async () => {
    const client = connect(kubeconfigs().pluginOf(server().url, "setInterval(() => undefined, 1_000)"), {
      timeoutMs: 1_500,
    });
    for (let i = 0; i < 20; i += 1)
      expect(await messageOf(client.get(resources.Service, ref))).toContain("within 1500 ms");
    expect(kubeconfigs().starts).toBe(1);
    kubeconfigs().setPlugin('print({ token: "t" + n })');
    await until("the request succeeds", 7_000, () => client.get(resources.Service, ref));
    expect(tokens()[0]).toBe(`t${kubeconfigs().starts}`);
  });

  test("a process that it started hangs: the process is killed too", async () => {
    const closed = Promise.withResolvers<void>();
    let requests = 0;
    server().respond = (_, response) => {
      requests += 1;
      response.on("close", closed.resolve);
    };
    const child = `fetch("${server().url}/sign-in")`;
    const script = `spawnSync(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" })`;
    const client = connect(kubeconfigs().pluginOf(server().url, script), { timeoutMs: 3_000 });
    expect(await messageOf(client.get(resources.Service, ref))).toContain("within 3000 ms");
    expect(requests).toBe(1);
    await closed.promise;
  });

  test("the call is aborted while the plug-in runs: rejects at once", async () => {
    const client = connect(kubeconfigs().pluginOf(server().url, "setInterval(() => undefined, 1_000)"), {
      timeoutMs: 1_000,
    });
    const stopping = new AbortController();
    const call = client.list(resources.Service, {}, { signal: stopping.signal });
    stopping.abort();
    await expect(call).rejects.toBeInstanceOf(ConnectionError);
  });

  test.each([
    {
      name: "it fails",
      script: 'console.error("not signed in"); process.exit(3)',
      message: /exit code 3: not signed in$/,
    },
    { name: "it crashes", script: 'process.kill(process.pid, "SIGSEGV")', message: /failed with SIGSEGV/ },
    { name: "it prints no JSON", script: 'console.log("secret")', message: /^(?!.*secret).*is not JSON$/ },
    {
      name: "it prints no token",
      script: "print({})",
      message: /status: has neither a token nor a certificate/,
    },
    {
      name: "it prints half a certificate",
      script: 'print({ clientKeyData: "secret", token: "t" })',
      message: /^(?!.*secret).*only one of certificate and key/,
    },
    {
      name: "it prints another version",
      script:
        'console.log(JSON.stringify({ kind: "ExecCredential", apiVersion: "v0", status: { token: "t" } }))',
      message: /apiVersion: .*client.authentication.k8s.io\/v1/,
    },
  ])("$name: the request fails with the reason", async ({ script, message }) => {
    const client = connect(kubeconfigs().pluginOf(server().url, script));
    expect(await messageOf(client.get(resources.Service, ref))).toMatch(message);
  });

  test("it is not installed: the message has the kubeconfig's hint", async () => {
    const exec = { command: "no-such-plug-in", installHint: "Install no-such-plug-in." };
    const client = connect(kubeconfigs().pluginOf(server().url, "", exec));
    expect(await messageOf(client.get(resources.Service, ref))).toMatch(
      /can't be started: spawn no-such-plug-in ENOENT: Install no-such-plug-in\.$/,
    );
  });

  test("it inherits the environment, gets the kubeconfig's variables and the cluster, and no input", async () => {
    const script = `
      const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const input = readFileSync(0, "utf8");
      print({ token: [process.env.A, Boolean(process.env.PATH), spec.interactive, spec.cluster.server, input].join() });`;
    const exec = { env: [{ name: "A", value: "a" }], provideClusterInfo: true };
    await connect(kubeconfigs().pluginOf(server().url, script, exec)).get(resources.Service, ref);
    expect(tokens()).toEqual([`a,true,false,${server().url},`]);
  });
});

describe("the server refuses the credentials (401)", () => {
  const plugin = (): ApiClient => connect(kubeconfigs().pluginOf(server().url, 'print({ token: "t" + n })'));

  test("a plug-in's token: the request is repeated once with a new one, also a create and a watch", async () => {
    const client = plugin();
    server().respond = accept("t2");
    expect(await client.create(resources.Service, web)).toEqual(web);
    const options = { resourceVersion: "1", timeoutSeconds: 300, allowWatchBookmarks: true };
    const watching = connect(kubeconfigs().pluginOf(server().url, 'print({ token: "w" + n })'));
    server().respond = (received, response) =>
      received.headers.authorization === "Bearer w4"
        ? response.end('{"type":"BOOKMARK","object":{}}\n')
        : sendJson(response, 401, {});
    const events = [];
    for await (const event of watching.watch(resources.Service, options, new AbortController().signal))
      events.push(event);
    expect(events).toHaveLength(1);
    expect(tokens()).toEqual(["t1", "t2", "w3", "w4"]);
  });

  test("10 concurrent requests with the same token: the plug-in starts once more", async () => {
    const client = plugin();
    await client.get(resources.Service, ref);
    server().respond = accept("t2");
    await Promise.all(Array.from({ length: 10 }, () => client.get(resources.Service, ref)));
    expect(kubeconfigs().starts).toBe(2);
  });

  test("new credentials are refused too: the error is the server's, and the plug-in is not started in a loop", async () => {
    const client = plugin();
    server().respond = accept("none");
    for (let i = 0; i < 10; i += 1)
      await expect(client.get(resources.Service, ref)).rejects.toMatchObject({ status: 401 });
    expect(kubeconfigs().starts).toBe(2);
  });

  test("a token file: it is read again", async () => {
    kubeconfigs().write("token", "t1\n");
    const client = connect(kubeconfigs().userOf(server().url, { tokenFile: "token" }));
    await client.get(resources.Service, ref);
    kubeconfigs().write("token", "t2\n");
    server().respond = accept("t2");
    expect(await client.get(resources.Service, ref)).toEqual(web);
    expect(tokens()).toEqual(["t1", "t1", "t2"]);
  });

  test("a token of the kubeconfig, which can't change: the request is not repeated", async () => {
    const client = connect(kubeconfigs().userOf(server().url, { token: "t1" }));
    server().respond = accept("t2");
    await expect(client.get(resources.Service, ref)).rejects.toMatchObject({ status: 401 });
    expect(tokens()).toEqual(["t1"]);
  });
});
