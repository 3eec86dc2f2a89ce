import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { fieldsOf, itemsOf, textOf } from "../apiserver/json.ts";

/** One request, as a client sends it. */
export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{ns}` for the namespace. */
  readonly path: string;
  readonly body?: unknown;
  readonly type?: "apply" | "merge" | "json";
}

export interface Reply {
  readonly code: number;
  readonly body: unknown;
}

export type Send = (step: Step) => Promise<Reply>;

const contentTypes = {
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
} as const;

const sender =
  (base: string, dispatcher?: Agent): Send =>
  async ({ method, path, body, type }) => {
    const contentType = type === undefined ? "application/json" : contentTypes[type];
    const headers = { "user-agent": "fidelity/1", accept: "application/json", "content-type": contentType };
    const answer = await request(`${base}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      ...(dispatcher && { dispatcher }),
    });
    const text = await answer.body.text();
    const isJson = answer.headers["content-type"]?.includes("json");
    return { code: answer.statusCode, body: isJson ? (JSON.parse(text) as unknown) : text };
  };

/** Requests to a server without TLS. */
export const sendTo = (url: string): Send => sender(url);

const decoded = (text: unknown): string => Buffer.from(textOf(text), "base64").toString();

/** A key or certificate that a kubeconfig holds, or names a file of. */
const material = (owner: Record<string, unknown>, name: string): string =>
  owner[`${name}-data`] === undefined
    ? readFileSync(textOf(owner[name]), "utf8")
    : decoded(owner[`${name}-data`]);

/** Requests to the server of a kubeconfig's first context, with its client certificate. */
export function sendBy(kubeconfig: string): { send: Send; close: () => Promise<void> } {
  const config = fieldsOf(parse(readFileSync(kubeconfig, "utf8")));
  const cluster = fieldsOf(itemsOf(config["clusters"])[0]?.["cluster"]);
  const user = fieldsOf(itemsOf(config["users"])[0]?.["user"]);
  const connect = {
    ca: material(cluster, "certificate-authority"),
    cert: material(user, "client-certificate"),
    key: material(user, "client-key"),
  };
  const agent = new Agent({ connect });
  return { send: sender(textOf(cluster["server"]), agent), close: () => agent.close() };
}
