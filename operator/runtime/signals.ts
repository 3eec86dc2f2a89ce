// Import this module before all others. A process that is number 1 of its container has no default action for SIGTERM, so
// the signal would be lost while the program's modules are loading, and a Pod would take its whole grace period to stop.

let shutDown: (signal: NodeJS.Signals) => Promise<void> = () => Promise.resolve();
let isStopping = false;

const onSignal = (signal: NodeJS.Signals): void => {
  if (isStopping) process.exit(1);
  isStopping = true;
  shutDown(signal).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error("the shutdown failed:", error);
      process.exit(1);
    },
  );
};
process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);

/**
 * Sets what the first SIGTERM or SIGINT does before the process exits, with 0 or, if the promise rejects, with 1. A second
 * signal exits with 1 at once. Requests still pending afterwards are cut: a hanging API server must not keep the process
 * running.
 */
export function onShutDown(work: (signal: NodeJS.Signals) => Promise<void>): void {
  shutDown = work;
}
