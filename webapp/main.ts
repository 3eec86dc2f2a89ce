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
  // Longer than the 60 s after which usual load balancers drop an idle connection: the side that closes first
  // must not be the one that may be sent a request at that moment.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
};

/** Listens, and ends the process when it is told to. */
function run(config: Config, log: Logger): void {
  let stopping = false;
  const app = createApp(config, {
    log,
    draining: () => stopping,
    crash: () => {
      log.fatal("fault: crash");
      process.exit(1);
    },
  });
  const { port, host: hostname } = config;
  const server = serve({ fetch: app.fetch, port, hostname, serverOptions: limits }, (address) => {
    const { version, pod, faults, faultsOverHttp } = config;
    log.info({ port: address.port, version, pod, faults, faultsOverHttp }, "listening");
  }) as Server; // HTTP/1: no other kind was asked for.
  server.on("error", (error) => {
    log.fatal({ err: error }, "can't listen");
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
 * Waits until nobody sends new connections, then until the running requests are answered. Gives false if some
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
  createLogger("info").fatal(`bad configuration: ${error.message}`);
  process.exit(1);
}
