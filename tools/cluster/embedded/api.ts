import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "undici";
import { ports } from "./constants.ts";

interface Response {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 5000;

/** A small API client with the administrator's certificate, for the requests that starting a cluster needs. */
export class Api implements Disposable {
  readonly #client: Client;

  constructor(pki: string, host: string) {
    const read = (file: string): Buffer => readFileSync(join(pki, file));
    const tls = { ca: read("ca.crt"), cert: read("admin.crt"), key: read("admin.key") };
    this.#client = new Client(`https://${host}:${ports.apiServer}`, {
      connect: { ...tls, timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  async get(path: string): Promise<Response> {
    const { statusCode, body } = await this.#client.request({ method: "GET", path });
    return { status: statusCode, body: await body.text() };
  }

  /** Server-side apply of one object. */
  async apply(path: string, object: object): Promise<void> {
    const { statusCode, body } = await this.#client.request({
      method: "PATCH",
      path: `${path}?fieldManager=demoapp-cluster&force=true`,
      headers: { "content-type": "application/apply-patch+yaml" },
      body: JSON.stringify(object),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`apply ${path}: ${statusCode} ${text}`);
  }

  [Symbol.dispose](): void {
    void this.#client.destroy();
  }
}
