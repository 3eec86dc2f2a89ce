import { accepted, refused, unknown, type Fields, type Row } from "./row.ts";

const probe = (liveness: Fields): Fields => ({ probes: { liveness } });
const oneHandler = "spec.probes.liveness: a probe has one handler";
export const probes: readonly Row[] = [
  accepted("HTTP probes with delays and periods", {
    probes: {
      liveness: { path: "/health", initialDelaySeconds: 10, periodSeconds: 5 },
      readiness: { path: "/health", initialDelaySeconds: 5, periodSeconds: 3 },
    },
  }),
  accepted(
    "a probe with every HTTP field",
    probe({ path: "/h", port: 9000, scheme: "HTTPS", httpHeaders: [{ name: "X-A", value: "1" }] }),
  ),
  accepted("tcp, grpc and exec probes", {
    probes: {
      liveness: { tcp: {} },
      readiness: { grpc: { service: "app" } },
      startup: { exec: { command: ["true"] } },
    },
  }),
  accepted("disabled probes", {
    probes: { liveness: { disabled: true }, readiness: { disabled: true } },
  }),
  accepted("a probe with a path and disabled: false", probe({ disabled: false, path: "/live" })),
  accepted("a readiness successThreshold of 3", { probes: { readiness: { successThreshold: 3 } } }),
  refused(
    "a probe path without a slash",
    probe({ path: "health" }),
    "spec.probes.liveness.path: path must start with '/', such as /health",
  ),
  refused("an empty probe path", probe({ path: "" }), "spec.probes.liveness.path: path must start with '/'"),
  refused("a probe with path and tcp", probe({ path: "/health", tcp: {} }), oneHandler),
  refused(
    "a probe with httpHeaders and exec",
    probe({ httpHeaders: [], exec: { command: ["true"] } }),
    oneHandler,
  ),
  refused("a probe with tcp and grpc", probe({ tcp: {}, grpc: {} }), oneHandler),
  refused(
    "a disabled probe with a path",
    probe({ disabled: true, path: "/health" }),
    "spec.probes.liveness: a disabled probe has no handler",
  ),
  refused(
    "a probe on port 0",
    probe({ port: 0 }),
    "spec.probes.liveness.port: should be greater than or equal to 1",
  ),
  refused(
    "an exec probe without a command",
    probe({ exec: { command: [] } }),
    "spec.probes.liveness.exec.command: should have at least 1 items",
  ),
  refused(
    "a header name with a colon",
    probe({ httpHeaders: [{ name: "X-A:", value: "" }] }),
    "spec.probes.liveness.httpHeaders[0].name: the name of a header is letters, digits and '-'",
  ),
  ...(
    [
      ["initialDelaySeconds", -1, "should be greater than or equal to 0"],
      ["periodSeconds", 0, "should be greater than or equal to 1"],
      ["timeoutSeconds", 0, "should be greater than or equal to 1"],
      ["failureThreshold", 0, "should be greater than or equal to 1"],
      ["successThreshold", 2, "should be less than or equal to 1"],
      ["terminationGracePeriodSeconds", 0, "should be greater than or equal to 1"],
      ["periodSeconds", 31_536_001, "should be less than or equal to 31536000"],
    ] as const
  ).map(([field, value, message]) =>
    refused(
      `a liveness ${field} of ${value}`,
      probe({ [field]: value }),
      `spec.probes.liveness.${field}: ${message}`,
    ),
  ),
  refused(
    "a startup successThreshold of 2",
    { probes: { startup: { successThreshold: 2 } } },
    "spec.probes.startup.successThreshold: should be less than or equal to 1",
  ),
  unknown(
    "a readiness terminationGracePeriodSeconds, which Kubernetes refuses",
    { probes: { readiness: { terminationGracePeriodSeconds: 5 } } },
    "spec.probes.readiness.terminationGracePeriodSeconds",
  ),
];
