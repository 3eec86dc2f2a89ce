import { LeaderElector, type LeaderOptions } from "../../../operator/runtime/leader.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";

/** The key of the Lease in `FakeObjects`. */
export const leaseKey = "leases/system/operator";

/** An elector of a process, with the notifications that it has sent. */
export function electorOf(identity: string, options: Pick<LeaderOptions, "client" | "clock" | "isEligible">) {
  const notifications: string[] = [];
  const metrics = createMetrics();
  const elector = new LeaderElector({
    namespace: "system",
    name: "operator",
    identity,
    random: () => 0,
    log: createLogger("silent"),
    metrics,
    onStarted: () => void notifications.push("started"),
    onStopped: () => void notifications.push("stopped"),
    ...options,
  });
  return { elector, notifications, metrics };
}
