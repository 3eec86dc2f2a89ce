// `node load-client.mjs <url>`: waits until the URL answers, prints "going", asks on until its standard input ends,
// then prints what came of it as JSON. Half of the callers keep their connection, half open a new one each time.
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const url = process.argv[2];
const callers = 8;
const pauseMs = 20;
const timeoutMs = 5000;
/** A Service is served a moment after its pods are ready, when the node's proxy has heard of them. */
const answersAtFirst = 20;
const report = { requests: 0, failures: [], resets: 0, versions: {} };
const ended = new AbortController();
process.stdin.resume().on("end", () => ended.abort());

const ask = (agent) =>
  new Promise((resolve, reject) => {
    const call = request(url, { agent, timeout: timeoutMs }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode, text }));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on("error", (error) => reject(Object.assign(error, { reused: call.reusedSocket }))).end();
  });

/** A server may close a kept connection just as the next request leaves: every HTTP client asks again then. */
const askAgain = (agent) => async (error) => {
  if (!error.reused || error.code !== "ECONNRESET") throw error;
  report.resets += 1;
  return ask(agent);
};

async function call(agent) {
  while (!ended.signal.aborted) {
    report.requests += 1;
    try {
      const { status, text } = await ask(agent).catch(askAgain(agent));
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
  for (let inRow = 0; inRow < answersAtFirst && !ended.signal.aborted;) {
    inRow = await ask(agent).then(
      () => inRow + 1,
      () => 0,
    );
    await delay(pauseMs);
  }
}

await warmUp();
console.log("going");
await Promise.all(
  Array.from({ length: callers }, (_, i) => call(new Agent({ keepAlive: i % 2 === 0, maxSockets: 1 }))),
);
console.log(JSON.stringify(report));
