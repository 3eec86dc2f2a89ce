import { expect, test } from "@jest/globals";
import { resources } from "../../../operator/controller/resources.ts";
import { realClock } from "../../../operator/runtime/clock.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Informer } from "../../../operator/runtime/informer.ts";
import { type Responder, sendJson, useServer } from "./http-server.ts";
import { object } from "./scripted-api.ts";

const server = useServer();

const list = (resourceVersion: string, ...names: string[]): Responder => {
  const items = names.map((name) => ({ metadata: object(name, 1).metadata }));
  const body = { apiVersion: "v1", kind: "ServiceList", metadata: { resourceVersion }, items };
  return (_, response) => sendJson(response, 200, body);
};
const line = (type: string, name: string, version: number): string =>
  `${JSON.stringify({ type, object: object(name, version) })}\n`;
const expired = `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`;

test("over HTTP, with a reset within an event, an overloaded server and an expired version: reports each change once", async () => {
  const watches: Responder[] = [
    (_, response) => {
      response.write(`${line("ADDED", "b", 11)}{"type":"MODI`, () => response.socket?.resetAndDestroy());
    },
    (_, response) => response.writeHead(503).end(),
    (_, response) => response.end(line("MODIFIED", "b", 12) + expired),
    (_, response) => void response.write(line("ADDED", "d", 31)),
  ];
  const lists = [list("10", "a"), list("30", "a", "c")];
  const watchedFrom: (string | null)[] = [];
  server().respond = (received, response) => {
    if (received.url.searchParams.has("sendInitialEvents")) return sendJson(response, 422, { code: 422 });
    const isWatch = received.url.searchParams.has("watch");
    if (isWatch) watchedFrom.push(received.url.searchParams.get("resourceVersion"));
    (isWatch ? watches : lists).shift()?.(received, response);
  };
  const changes: string[] = [];
  const finished = Promise.withResolvers<void>();
  const informer = new Informer({
    client: server().connect(),
    resource: resources.Service,
    transform: (item) => item,
    onChange: ({ type, object: { kind, metadata } }) => {
      changes.push(`${type} ${kind} ${metadata.name}`);
      if (metadata.name === "d") finished.resolve();
    },
    clock: realClock,
    log: createLogger("silent"),
    metrics: createMetrics(),
  });
  informer.start();
  await finished.promise;
  expect(changes).toEqual([
    "ADDED Service a",
    "ADDED Pod b",
    "MODIFIED Pod b",
    "ADDED Service c",
    "DELETED Pod b",
    "ADDED Pod d",
  ]);
  expect(watchedFrom).toEqual(["10", "11", "11", "30"]);
  await informer.stop();
});
