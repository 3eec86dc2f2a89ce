import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { fieldsOf, itemsOf, textOf } from "../apiserver/json.ts";

/** One request as a client sends it. */
export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** The type of a patch. */
  readonly type?: "apply" | "merge" | "json";
}

export interface Reply {
  readonly code: number;
  readonly body: unknown;
}

export type Send = (step: Step) => Promise<Reply>;

const contentTypes = {
  none: "application/json",
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
} as const;

/** Sends requests to a server, by default without TLS. */
export const sendTo =
  (url: string, dispatcher?: Agent): Send =>
  async ({ method, path, body, type }) => {
    const contentType = contentTypes[type ?? "none"];
    const answer = await request(`${url}${path}`, {
      method,
      headers: { "user-agent": "fidelity/1", accept: "application/json", "content-type": contentType },
      body: body === undefined ? null : JSON.stringify(body),
      ...(dispatcher && { dispatcher }),
    });
    const isJson = answer.headers["content-type"]?.includes("json");
    return { code: answer.statusCode, body: isJson ? await answer.body.json() : await answer.body.text() };
  };

/** A key or certificate that is in a kubeconfig, or in a file that the kubeconfig names. */
function tlsOf(owner: unknown, name: string): string {
  const { [`${name}-data`]: data, [name]: file } = fieldsOf(owner);
  return data === undefined ? readFileSync(textOf(file), "utf8") : atob(textOf(data));
}

/** Sends requests to the server of a kubeconfig's first cluster, with its first client certificate. */
export function sendBy(kubeconfig: string): { send: Send; close: () => Promise<void> } {
  const { clusters, users } = fieldsOf(parse(readFileSync(kubeconfig, "utf8")));
  const cluster = itemsOf(clusters)[0]?.["cluster"];
  const user = itemsOf(users)[0]?.["user"];
  const ca = tlsOf(cluster, "certificate-authority");
  const agent = new Agent({
    connect: { ca, cert: tlsOf(user, "client-certificate"), key: tlsOf(user, "client-key") },
  });
  return { send: sendTo(textOf(fieldsOf(cluster)["server"]), agent), close: () => agent.close() };
}
