import { serve } from "@hono/node-server";
import type { Server } from "node:http";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { ConfigError, loadConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { createLogger } from "./log.ts";

/** Limits of the HTTP server; times in milliseconds, sizes in bytes. */
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  // Load balancers usually drop an idle connection after 60 s. They must close first: if the server closed first, it
  // could receive a request at that moment and lose it.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
};

/** Listens on the port. Drains and exits on SIGTERM or SIGINT. */
function run(config: Config, log: Logger): void {
  let stopping = false;
  const app = createApp(config, {
    log,
    isDraining: () => stopping,
    crash: () => {
      log.fatal("fault: crash");
      process.exit(1);
    },
  });
  const { port, host: hostname } = config;
  const server = serve({ fetch: app.fetch, port, hostname, serverOptions: limits }, (address) => {
    const { version, pod, faults, faultsOverHttp } = config;
    log.info({ port: address.port, version, pod, faults, faultsOverHttp }, "listening");
  }) as Server; // The options request an HTTP/1 server.
  server.on("error", (error) => {
    log.fatal({ err: error }, "can't listen on the port");
    process.exit(1);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
      log.info({ signal, waitMs: config.drainWaitMs }, "draining");
      void drain(server, config).then((drained) => {
        log.info({ drained }, "stopped");
        process.exit(drained ? 0 : 1);
      });
    });
}

/**
 * Waits `drainWaitMs` for proxies to stop sending connections, then for requests in progress. Returns false if requests
 * took longer than `drainTimeoutMs` and were cut.
 */
async function drain(server: Server, { drainWaitMs, drainTimeoutMs }: Config): Promise<boolean> {
  await delay(drainWaitMs);
  const closed = new Promise<true>((resolve) => {
    server.close(() => resolve(true));
  });
  return Promise.race([closed, delay(drainTimeoutMs, false)]);
}

try {
  const config = loadConfig();
  run(config, createLogger(config.logLevel));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  createLogger("info").fatal(`invalid configuration: ${error.message}`);
  process.exit(1);
}
