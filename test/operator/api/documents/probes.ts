import { accepted, refused, unknown, type Fields, type Row } from "./row.ts";

const probe = (liveness: Fields): Fields => ({ probes: { liveness } });
const oneHandler = "spec.probes.liveness: a probe has one handler";
export const probes: readonly Row[] = [
  accepted("the probes of the user's document", {
    probes: {
      liveness: { path: "/health", initialDelaySeconds: 10, periodSeconds: 5 },
      readiness: { path: "/health", initialDelaySeconds: 5, periodSeconds: 3 },
    },
  }),
  accepted(
    "a probe of every HTTP field",
    probe({ path: "/h", port: 9000, scheme: "HTTPS", httpHeaders: [{ name: "X-A", value: "1" }] }),
  ),
  accepted("probes by tcp, grpc and exec", {
    probes: {
      liveness: { tcp: {} },
      readiness: { grpc: { service: "app" } },
      startup: { exec: { command: ["true"] } },
    },
  }),
  accepted("probes that are disabled", {
    probes: { liveness: { disabled: true }, readiness: { disabled: true } },
  }),
  accepted("disabled false beside a path", probe({ disabled: false, path: "/live" })),
  accepted("readiness after three successes", { probes: { readiness: { successThreshold: 3 } } }),
  refused(
    "a probe path without a slash",
    probe({ path: "health" }),
    "spec.probes.liveness.path: path must start with '/', such as /health",
  ),
  refused("an empty probe path", probe({ path: "" }), "spec.probes.liveness.path: path must start with '/'"),
  refused("path and tcp", probe({ path: "/health", tcp: {} }), oneHandler),
  refused("an HTTP header and exec", probe({ httpHeaders: [], exec: { command: ["true"] } }), oneHandler),
  refused("tcp and grpc", probe({ tcp: {}, grpc: {} }), oneHandler),
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
    "a header with a colon",
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
  ).map(([field, value, says]) =>
    refused(
      `${field} ${value} of liveness`,
      probe({ [field]: value }),
      `spec.probes.liveness.${field}: ${says}`,
    ),
  ),
  refused(
    "two successes at startup",
    { probes: { startup: { successThreshold: 2 } } },
    "spec.probes.startup.successThreshold: should be less than or equal to 1",
  ),
  unknown(
    "terminationGracePeriodSeconds of readiness, which Kubernetes refuses",
    { probes: { readiness: { terminationGracePeriodSeconds: 5 } } },
    "spec.probes.readiness.terminationGracePeriodSeconds",
  ),
];
