import { CommanderError } from "commander";
import { type Config, ConfigError, processConfig } from "./config.ts";
import { DemoAppController } from "./controller/controller.ts";
import { createClient } from "./runtime/client.ts";
import { realClock } from "./runtime/clock.ts";
import { createHealthApp, serveHealth } from "./runtime/health.ts";
import { type Logger, createLogger } from "./runtime/log.ts";
import type { ManagerOptions } from "./runtime/manager.ts";
import { collectProcessMetrics, createMetrics } from "./runtime/metrics.ts";

const name = "demoapp-operator";

/** First retry after a failure, and the longest wait between two. */
const backoff = { baseMs: 200, maxMs: 120_000 };

function options(config: Config, log: Logger): ManagerOptions {
  const metrics = createMetrics();
  collectProcessMetrics(metrics);
  const { kubeconfig, timeoutSeconds, connections, watchNamespaces, leaseNamespace, identity } = config;
  const client = createClient({
    kubeconfig,
    connections,
    timeoutMs: timeoutSeconds * 1000,
    userAgent: name,
    onRequest: metrics.countRequest,
  });
  const leaseMs = config.leaseDurationSeconds * 1000;
  const lease = {
    namespace: leaseNamespace,
    name,
    identity,
    leaseDurationMs: leaseMs,
    renewDeadlineMs: (leaseMs * 2) / 3,
    retryPeriodMs: (leaseMs * 2) / 15,
  };
  return {
    name,
    client,
    namespaces: watchNamespaces.length > 0 ? watchNamespaces : undefined,
    concurrency: config.concurrency,
    backoff,
    leaderElection: config.leaderElect ? lease : undefined,
    clock: realClock,
    random: Math.random,
    log,
    metrics,
  };
}

async function run(config: Config, log: Logger): Promise<void> {
  const wiring = options(config, log);
  const controller = new DemoAppController(wiring);
  await controller.start();
  const app = createHealthApp({ live: controller.live, ready: controller.ready, metrics: wiring.metrics });
  const health = await serveHealth(app, config.port);
  log.info({ port: health.port, server: wiring.client.server, identity: config.identity }, "started");
  stopOnSignals(log, async () => {
    await controller.shutDown();
    await health.close();
  });
}

/**
 * The first signal stops in order, a second one at once. Requests that are still without an answer after the order
 * that `shutDown` keeps end with the process: an API server that hangs must not hold it.
 */
function stopOnSignals(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** Reads the configuration, or says what is wrong with it and ends. */
function configured(): Config {
  try {
    return processConfig();
  } catch (error) {
    if (error instanceof CommanderError) return process.exit(error.exitCode);
    if (!(error instanceof ConfigError)) throw error;
    console.error(`${name}: ${error.message}`);
    return process.exit(2);
  }
}

const config = configured();
await run(config, createLogger(config.logLevel));
