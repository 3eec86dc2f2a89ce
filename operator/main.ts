import { onShutDown } from "./runtime/signals.ts";
import { CommanderError } from "commander";
import { type Config, ConfigError, processConfig } from "./config.ts";
import { DemoAppController } from "./controller/controller.ts";
import { createWarningLog } from "./runtime/apiwarnings.ts";
import { createClient } from "./runtime/client.ts";
import { realClock } from "./runtime/clock.ts";
import { createDebugApp } from "./runtime/debug.ts";
import { createHealthApp } from "./runtime/health.ts";
import { type Listener, listen } from "./runtime/httpserver.ts";
import { KubeconfigError } from "./runtime/kubeconfig.ts";
import { type Logger, createLogger } from "./runtime/log.ts";
import type { OperatorOptions } from "./runtime/operator.ts";
import { type Metrics, collectProcessMetrics, createMetrics } from "./runtime/metrics.ts";
import { createTokenAuth } from "./runtime/tokenauth.ts";

const name = "demoapp-operator";

function operatorOptions(config: Config, log: Logger, metrics: Metrics): OperatorOptions {
  const logWarnings = createWarningLog(log);
  const { kubeconfig, timeoutSeconds, connections, watchNamespaces, leaseNamespace, identity } = config;
  const client = createClient({
    kubeconfig,
    connections,
    timeoutMs: timeoutSeconds * 1000,
    userAgent: name,
    onRequest: (request) => {
      metrics.countRequest(request);
      logWarnings(request);
    },
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
    leaderElection: config.leaderElect ? lease : undefined,
    log,
    metrics,
  };
}

async function run(config: Config, log: Logger): Promise<void> {
  const metrics = createMetrics();
  collectProcessMetrics(metrics);
  const options = operatorOptions(config, log, metrics);
  const controller = new DemoAppController(options);
  const listeners: Listener[] = [];
  onShutDown(async (signal) => {
    log.info({ signal }, "stopping");
    await controller.shutDown();
    await Promise.all(listeners.map((listener) => listener.close()));
  });
  await controller.start();
  const authorize = config.metricsAuth
    ? createTokenAuth({
        client: options.client,
        audience: config.metricsAudience,
        path: "/metrics",
        log,
        clock: realClock,
      })
    : undefined;
  const app = createHealthApp({ live: controller.live, ready: controller.ready, metrics, authorize });
  listeners.push(await listen(app, config.port));
  const { debugPort, identity } = config;
  const availableBytes = (): number => process.availableMemory();
  if (debugPort !== 0)
    listeners.push(
      await listen(createDebugApp({ log, clock: realClock, availableBytes }), debugPort, {
        hostname: "127.0.0.1",
        hasBodies: true,
        // A profile takes a minute, and a heap snapshot goes through a port-forward.
        connectionMs: 600_000,
      }),
    );
  const [port, debug] = listeners.map((listener) => listener.port);
  log.info({ port, debugPort: debug, server: options.client.server, identity }, "started");
}

/** Reads the configuration. Prints the error and exits if the configuration is invalid. */
function readConfigOrExit(): Config {
  try {
    return processConfig();
  } catch (error) {
    if (error instanceof CommanderError) return process.exit(error.exitCode);
    if (!(error instanceof ConfigError)) throw error;
    console.error(`${name}: ${error.message}`);
    return process.exit(2);
  }
}

const config = readConfigOrExit();
try {
  await run(config, createLogger(config.logLevel));
} catch (error) {
  if (!(error instanceof KubeconfigError)) throw error;
  console.error(`${name}: ${error.message}`);
  process.exit(2);
}
