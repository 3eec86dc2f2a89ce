import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { ports } from "./constants.ts";

/** An answer of the API server. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5000;

/** The few requests that bringing a cluster up takes, as its administrator; TLS is verified. */
export class Api {
  readonly #agent: Agent;
  readonly #host: string;

  constructor(pki: string, host: string) {
    const read = (file: string): Buffer => readFileSync(join(pki, file));
    this.#host = host;
    this.#agent = new Agent({
      ca: read("ca.crt"),
      cert: read("admin.crt"),
      key: read("admin.key"),
      keepAlive: true,
    });
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path);
  }

  /** Server-side apply of one object. */
  async apply(path: string, object: unknown): Promise<void> {
    const answer = await this.#send(
      "PATCH",
      `${path}?fieldManager=demoapp-cluster&force=true`,
      JSON.stringify(object),
    );
    if (answer.status >= 300) throw new Error(`apply ${path}: ${answer.status} ${answer.body}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/apply-patch+yaml" };
      const target = { host: this.#host, port: ports.apiServer, path, method, headers };
      const sent = request({ ...target, agent: this.#agent, timeout: TIMEOUT_MS }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      sent.on("timeout", () => sent.destroy(new Error(`${path}: no answer within ${TIMEOUT_MS} ms`)));
      sent.on("error", reject).end(body);
    });
  }
}
