// `node load-client.mjs <url> Infinity`: waits until the URL answers, prints "started", and sends requests until its standard
// input ends. Then prints a report as JSON. Half of the 8 callers reuse a connection, half open a new one per request.
// `node load-client.mjs <url> Infinity <callers>`: the same with so many callers. Each request has a new connection, so that
// all pods get as many.
// `node load-client.mjs <url> <count>`: sends so many requests, each over a new connection, and prints the report.
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const [, , url, count, callers = ""] = process.argv;
const isSample = Number.isFinite(Number(count));
const pauseMs = 20;
// Longer than the third repetition of a lost SYN, after 1, 3 and 7 s: a busy machine loses packets.
const timeoutMs = 10_000;
/** kube-proxy learns of ready pods with a delay: the load starts after this number of responses in a row. */
const warmUpResponses = 20;
const report = { requests: 0, failures: [], resets: 0, versions: {} };
const ended = new AbortController();
if (!isSample) process.stdin.resume().on("end", () => ended.abort());

const send = (agent) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { agent, timeout: timeoutMs }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode, text }));
    });
    sent.on("timeout", () => {
      const { connecting, bytesWritten, localPort } = sent.socket ?? {};
      const state = connecting ? "not connected" : `${bytesWritten} bytes sent`;
      const kind = `${sent.reusedSocket ? "kept" : "new"} connection from port ${localPort}, ${state}`;
      sent.destroy(new Error(`no response within ${timeoutMs} ms (${kind})`));
    });
    sent.on("error", (error) => reject(Object.assign(error, { reused: sent.reusedSocket }))).end();
  });

/** A server can close a kept connection while the next request is on its way: every HTTP client then retries. */
const retryAfterReset = (agent) => async (error) => {
  if (!error.reused || error.code !== "ECONNRESET") throw error;
  report.resets += 1;
  return send(agent);
};

async function call(agent) {
  while (!ended.signal.aborted && report.requests < count) {
    report.requests += 1;
    try {
      const { status, text } = await send(agent).catch(retryAfterReset(agent));
      if (status !== 200) throw new Error(`${status} ${text}`);
      const { version } = JSON.parse(text);
      report.versions[version] = (report.versions[version] ?? 0) + 1;
    } catch (error) {
      report.failures.push(`${new Date().toISOString()} ${error.code ?? ""} ${error.message}`);
    }
    await delay(pauseMs);
  }
  agent.destroy();
}

async function warmUp() {
  const agent = new Agent({ keepAlive: false });
  for (let inRow = 0; inRow < warmUpResponses && !ended.signal.aborted;) {
    inRow = await send(agent).then(
      () => inRow + 1,
      () => 0,
    );
    await delay(pauseMs);
  }
}

if (!isSample) {
  await warmUp();
  console.log("started");
}
const reuses = (caller) => !isSample && callers === "" && caller % 2 === 0;
await Promise.all(
  Array.from({ length: Number(callers || 8) }, (_, i) =>
    call(new Agent({ keepAlive: reuses(i), maxSockets: 1 })),
  ),
);
console.log(JSON.stringify(report));
