import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { parse } from "yaml";
import { ensureArgoCd } from "../../tools/cluster/argocd/toolchain.ts";
import { kubectl } from "../../tools/cluster/kubectl.ts";
import { silent } from "../../tools/cluster/progress.ts";
import type { Cluster } from "../../tools/cluster/provider.ts";
import { argoNamespace } from "../../tools/gitops/application.ts";
import { startProcess } from "../../tools/process.ts";

const component = join(import.meta.dirname, "../../deploy/argocd/github/kustomization.yaml");
const installation = 34;

/** A GitHub deployment: the body of its request, and those of its statuses from old to new. */
interface Deployment {
  readonly id: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly statuses: Readonly<Record<string, unknown>>[];
}

/** The part of GitHub's API with which an App records deployments. */
function apiOf(deployments: Deployment[]): Hono {
  const token = randomUUID();
  const api = new Hono().basePath("/api/v3");
  api.post(`/app/installations/${installation}/access_tokens`, (request) =>
    request.json({ token, expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
  );
  api.use("/repos/*", async ({ req, json }, next) =>
    req.header("authorization") === `token ${token}` ? next() : json({ message: "Bad credentials" }, 401),
  );
  api.get("/repos/:owner/:repo/deployments", ({ req, json }) =>
    json(
      deployments.filter(({ request }) =>
        ["ref", "environment"].every((key) => request[key] === req.query(key)),
      ),
    ),
  );
  api.post("/repos/:owner/:repo/deployments", async ({ req, json }) => {
    const deployment: Deployment = { id: deployments.length, request: await req.json(), statuses: [] };
    deployments.push(deployment);
    return json(deployment, 201);
  });
  api.post("/repos/:owner/:repo/deployments/:id/statuses", async ({ req, json }) => {
    deployments[Number(req.param("id"))]?.statuses.push(await req.json());
    return json({}, 201);
  });
  return api;
}

/** Applies the component `github` to the cluster's Argo CD, with a new key and the API on a local port. */
async function configure(cluster: Cluster, port: number): Promise<void> {
  const patch = (object: string, change: object): Promise<string> =>
    kubectl(cluster, ["-n", argoNamespace, "patch", object, "--type=merge", "-p", JSON.stringify(change)]);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await patch("secret/argocd-notifications-secret", {
    stringData: {
      "github-app-id": "12",
      "github-installation-id": String(installation),
      "github-private-key": privateKey.export({ type: "pkcs1", format: "pem" }),
    },
  });
  const { patches } = parse(readFileSync(component, "utf8")) as { patches: { patch: string }[] };
  const { data } = parse(patches[0]?.patch ?? "") as { data: Record<string, string> };
  const url = `enterpriseBaseURL: http://127.0.0.1:${port}/api/v3\n`;
  await patch("configmap/argocd-notifications-cm", {
    data: { ...data, "service.github": `${data["service.github"]}${url}` },
  });
}

/** The GitHub that Argo CD's notifications controller writes to. */
export interface GitHub {
  /** The deployments of an environment, from old to new. */
  deploymentsOf(environment: string): readonly Deployment[];
  /** Stops the controller and the API. */
  close(): Promise<void>;
}

/** Starts the API, and the notifications controller with the component `github`. */
export async function openGitHub(cluster: Cluster): Promise<GitHub> {
  const deployments: Deployment[] = [];
  const server = serve({ fetch: apiOf(deployments).fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  await configure(cluster, (server.address() as AddressInfo).port);
  const flags = [`--kubeconfig=${cluster.kubeconfig}`, `--namespace=${argoNamespace}`, "--metrics-port=0"];
  // The controller logs to standard error.
  const shell = ["sh", "-c", 'exec "$@" 2>&1', "sh"];
  const controller = await startProcess([...shell, join(await ensureArgoCd(silent), "argocd"), ...flags], {
    env: { PATH: process.env.PATH, ARGOCD_BINARY_NAME: "argocd-notifications" },
    ready: /Controller is running/,
    readyWithinMs: 30_000,
  });
  return {
    deploymentsOf: (environment) =>
      deployments.filter(({ request }) => request["environment"] === environment),
    close: async () => {
      await controller.stop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
