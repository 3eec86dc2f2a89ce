import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { type RequestListener, type ServerResponse, createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { gzipSync } from "node:zlib";
import type { Sample } from "../../../operator/runtime/exposition.ts";
import { forbiddenWith, isInternal, scrape } from "../../../operator/runtime/scrape.ts";

const text = '# TYPE hits counter\nhits{code="200"} 3\nhits{code="500"} 1\nother 7\n';
const wanted = new Set(["hits"]);

/** Sends a text again and again until the client goes. */
function flood(response: ServerResponse, part: string): void {
  const send = (): void => {
    if (!response.destroyed) response.write(part, () => setImmediate(send));
  };
  send();
}

/** What a path of the server answers. */
const pages: Readonly<Record<string, RequestListener>> = {
  "/good": (_, response) => void response.end(text),
  "/split": (_, response) => {
    for (const character of text) response.write(character);
    response.end();
  },
  "/windows": (_, response) => void response.end(text.replaceAll("\n", "\r\n")),
  "/endless-lines": (_, response) => flood(response, "other 1\n".repeat(100)),
  "/endless-line": (_, response) => flood(response, "x".repeat(65_536)),
  "/huge": (_, response) => void response.end(`${"#".repeat(1000)}\n`.repeat(2000)),
  "/million-series": (_, response) => flood(response, 'hits{code="200"} 1\n'.repeat(1000)),
  "/gzip": (_, response) =>
    void response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(10 * 1024 * 1024))),
  "/redirect": (_, response) => void response.writeHead(302, { location: "/good" }).end(),
  "/missing": (_, response) => void response.writeHead(404).end("secret"),
  "/html": (_, response) => void response.end("<html>secret</html>"),
  "/bad-sample": (_, response) => void response.end('hits{code="secret} 1\n'),
  "/headers": (_, response) => void response.setHeader("x-much", "x".repeat(32_768)).end(text),
  "/silent": () => undefined,
  "/slow": (_, response) => {
    const timer = setInterval(() => response.write("#\n"), 100);
    response.on("close", () => clearInterval(timer));
  },
  "/upgrade": ({ socket }) =>
    void socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
  "/no-length": ({ socket }) => void socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhits 1\n"),
  "/closes": (request) => void request.socket.destroy(),
};

const server = createServer((request, response) => pages[request.url ?? ""]?.(request, response));
let port = 0;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(path: string, isForbidden: (address: string) => boolean = () => false) {
  const samples: Sample[] = [];
  const onSample = (sample: Sample): void => void samples.push(sample);
  const names = await scrape({ address: "127.0.0.1", port, path }, { wanted, isForbidden, onSample });
  return { samples, names };
}

describe("a pod's counters", () => {
  test.each(["/good", "/split", "/windows"])(
    "%s: the wanted samples, and the names of all metrics",
    async (path) => {
      const { samples, names } = await read(path);
      expect(samples.map(({ labels: { code }, value }) => [code, value])).toEqual([
        ["200", 3],
        ["500", 1],
      ]);
      expect([...names]).toEqual(["hits", "other"]);
    },
  );
});

describe("a hostile or broken pod", () => {
  const options = { wanted, isForbidden: () => false, onSample: () => undefined };

  test.each([
    ["/endless-lines", "the response has more than 10000 lines"],
    ["/million-series", "the response has more than 10000 lines"],
    ["/endless-line", "line 1 has more than 16384 characters"],
    ["/huge", "the response has more than 1048576 bytes"],
    ["/gzip", "the response is compressed"],
    ["/redirect", "the response is a redirect (status 302)"],
    ["/missing", "the response has status 404"],
    ["/html", "line 1 is not in the Prometheus text format"],
    ["/bad-sample", "line 1 is not in the Prometheus text format"],
    ["/headers", "the response is not valid HTTP"],
    ["/silent", "no complete response within 2 s"],
    ["/slow", "no complete response within 2 s"],
    ["/upgrade", "no complete response within 2 s"],
    ["/no-length", "no complete response within 2 s"],
    ["/closes", "the connection was closed"],
  ])("%s: %s", async (path, message) => {
    await expect(read(path)).rejects.toThrow(new RegExp(`^${message.replaceAll(/[()]/g, String.raw`\$&`)}$`));
  });

  test("a server that speaks another protocol", async () => {
    const other = createTcpServer((socket) => void socket.end("220 mail.example ESMTP\r\n"));
    await once(other.listen(0, "127.0.0.1"), "listening");
    const target = { address: "127.0.0.1", port: (other.address() as AddressInfo).port, path: "/" };
    await expect(scrape(target, options)).rejects.toThrow("the response is not valid HTTP");
    other.close();
  });

  test("a port that nobody listens on", async () => {
    const other = createTcpServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const target = { address: "127.0.0.1", port: (other.address() as AddressInfo).port, path: "/" };
    await new Promise((resolve) => other.close(resolve));
    await expect(scrape(target, options)).rejects.toThrow("the connection was refused");
  });

  test("an address that is not a pod's: no connection", async () => {
    const before = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    await expect(read("/good", isInternal)).rejects.toThrow("the address is not a pod's");
    expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(before);
  });
});

test.each([
  "0.0.0.0",
  "127.0.0.1",
  "127.8.9.10",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
])("%s is no pod's address", (address) => {
  expect(isInternal(address)).toBe(true);
});

test.each([
  "10.244.1.7",
  "192.168.3.4",
  "100.64.0.9",
  "203.0.113.9",
  "fd00::7",
  "2001:db8::1",
  "::ffff:10.0.0.1",
])("%s can be a pod's address", (address) => {
  expect(isInternal(address)).toBe(false);
});

test.each([
  ["https://10.96.0.1:443", "10.96.0.1"],
  ["https://[fd00::1]:6443", "fd00::1"],
])("the API server at %s: its address is no pod's, others can be", (server, address) => {
  const isForbidden = forbiddenWith(server);
  expect([address, "127.0.0.1", "10.244.1.7"].map(isForbidden)).toEqual([true, true, false]);
});
