import { describe, expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { createWarningLog, warningsIn } from "../../../operator/runtime/apiwarnings.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { ref, sendJson, useServer, web } from "./http-server.ts";

const server = useServer();

function scene() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("info", { write: (line: string) => void lines.push(JSON.parse(line)) });
  const logWarnings = createWarningLog(log);
  const warn = (...warnings: string[]): void => logWarnings({ method: "GET", path: "/api", warnings });
  const texts = (): unknown[] => lines.map(({ warning }) => warning);
  return { lines, log, logWarnings, warn, texts };
}

describe("Warning headers", () => {
  const cases: { name: string; header: string | string[]; texts: string[] }[] = [
    { name: "one warning", header: '299 - "old API"', texts: ["old API"] },
    { name: "several headers", header: ['299 - "a"', '299 - "b"'], texts: ["a", "b"] },
    {
      name: "several warnings in one header",
      header: '299 - "a", 299 k8s "b",299 - "c"',
      texts: ["a", "b", "c"],
    },
    {
      name: "dates, also between warnings",
      header: '299 - "a" "Wed, 21 Oct 2015 07:28:00 GMT", 299 - "b" "Wed, 21 Oct 2015 07:28:00 GMT"',
      texts: ["a", "b"],
    },
    {
      name: "quotes, backslashes and commas in the text",
      header: '299 - "a \\"b\\", \\\\c"',
      texts: ['a "b", \\c'],
    },
    { name: "another code", header: '199 - "a", 299 - "b"', texts: ["b"] },
    { name: "an empty text", header: '299 - ""', texts: [] },
    { name: "a control character in UTF-8", header: '299 - "a\u00c2\u0085b", 299 - "c"', texts: ["c"] },
    { name: "invalid UTF-8", header: '299 - "a\u0085b", 299 - "c"', texts: ["c"] },
    { name: "no closing quote", header: '299 - "a", 299 - "b', texts: ["a"] },
    { name: "garbage after the text", header: '299 - "a" b, 299 - "c"', texts: [] },
    { name: "no agent", header: '299 "a"', texts: [] },
  ];
  test.each(cases)("$name: the texts of the valid warnings with code 299", ({ header, texts }) => {
    expect(warningsIn(header)).toEqual(texts);
  });

  test("no header: no text", () => {
    expect(warningsIn(undefined)).toEqual([]);
  });
});

describe("the warnings of answers", () => {
  const query = { labelSelector: "a=b", limit: 2 };
  /** A client of the server, which sends the headers with each answer. */
  const connect = (status: number, headers: string[]) => {
    const { lines, logWarnings } = scene();
    server().respond = ({ url }, response) => {
      response.setHeader(
        "warning",
        headers.map((header) => Buffer.from(header).toString("latin1")),
      );
      if (url.searchParams.has("watch")) response.end();
      else sendJson(response, status, web);
    };
    return { lines, client: server().connect({ onRequest: logWarnings }) };
  };
  const logged = (warning: string) => expect.objectContaining({ level: "warn", method: "GET", warning });

  test("an answer has several: each is logged with the method, and the path without the query", async () => {
    const { lines, client } = connect(200, ['299 - "v1beta1 is old", 299 - "größer"', '299 - "third"']);
    await client.list(resources.Service, query);
    expect(lines).toEqual([logged("v1beta1 is old"), logged("größer"), logged("third")]);
    expect(lines[0]).toMatchObject({ path: "/api/v1/services", msg: "the API server warns" });
  });

  test("many answers have the same: logged once", async () => {
    const { lines, client } = connect(200, ['299 - "old"']);
    for (let i = 0; i < 3; i += 1) await client.list(resources.Service, query);
    expect(lines).toEqual([logged("old")]);
  });

  test("an answer is an error, or opens a watch: also logged", async () => {
    const refused = connect(422, ['299 - "refused"']);
    await expect(refused.client.get(resources.Service, ref)).rejects.toMatchObject({ status: 422 });
    expect(refused.lines).toEqual([logged("refused")]);
    const watching = connect(200, ['299 - "watch"']);
    const options = { resourceVersion: "1", timeoutSeconds: 300, allowWatchBookmarks: true };
    const events = watching.client.watch(resources.Service, options, new AbortController().signal);
    for await (const event of events) expect(event).toBeDefined();
    expect(watching.lines).toEqual([logged("watch")]);
  });
});

describe("the memory of warnings", () => {
  test("a text is long: its first 1,024 characters are logged, once", () => {
    const { texts, warn } = scene();
    warn(`${"x".repeat(2_000)}a`, `${"x".repeat(2_000)}b`);
    expect(texts()).toEqual(["x".repeat(1_024)]);
  });

  test("1,000 texts are logged: one last line says that no others follow", () => {
    const { lines, warn } = scene();
    for (let i = 0; i < 2_000; i += 1) warn(`pod ${i}`);
    expect(lines).toHaveLength(1_001);
    expect(lines.at(-1)).toMatchObject({
      level: "warn",
      msg: "1000 different warnings of the API server are logged: no others until a restart",
    });
  });

  test("the log level hides a warning: logged when it comes again at a lower level", () => {
    const { log, texts, warn } = scene();
    log.level = "error";
    warn("old");
    log.level = "warn";
    warn("old");
    expect(texts()).toEqual(["old"]);
  });

  test("a text looks like a log line: it stays inside its field", () => {
    const { lines, warn } = scene();
    warn('"}{"level":"error","msg":"forged"}');
    expect(lines).toMatchObject([{ level: "warn", warning: '"}{"level":"error","msg":"forged"}' }]);
  });
});
