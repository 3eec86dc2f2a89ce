import { accepted, image, named, of, refused, unknown, type Row } from "./row.ts";

export const basics: readonly Row[] = [
  accepted("only an image", {}),
  accepted("an image by digest", { image: `${image}@sha256:${"a".repeat(64)}` }),
  {
    name: "no spec",
    document: { ...of({}), spec: undefined },
    refused: { path: "spec", says: "Required value" },
  },
  {
    name: "no image",
    document: named("sample", {}),
    refused: { path: "spec.image", says: "Required value", server: "spec.image: Required value" },
  },
  refused("an empty image", { image: "" }, { path: "spec.image", says: "should be at least 1 chars long" }),
  refused(
    "an image with a blank",
    { image: "acme/webapp :1" },
    { path: "spec.image", says: "image must not have blanks" },
  ),
  refused(
    "an image with a line break",
    { image: "webapp:1\n" },
    { path: "spec.image", says: "image must not have blanks" },
  ),
  refused(
    "an image of 513 characters",
    { image: "a".repeat(513) },
    { path: "spec.image", says: "may not be more than 512 bytes" },
  ),
  accepted("no replicas at all", { replicas: 0 }),
  accepted("the most replicas", { replicas: 1000 }),
  refused(
    "negative replicas",
    { replicas: -1 },
    { path: "spec.replicas", says: "should be greater than or equal to 0" },
  ),
  refused(
    "too many replicas",
    { replicas: 1001 },
    { path: "spec.replicas", says: "should be less than or equal to 1000" },
  ),
  refused("half a replica", { replicas: 1.5 }, { path: "spec.replicas", says: "must be of type integer" }),
  refused(
    "replicas as text",
    { replicas: "2" },
    { path: "spec.replicas", says: "must be of type integer", server: ".spec.replicas: expected numeric" },
  ),
  accepted("the highest port", { port: 65_535, service: { port: 1 } }),
  refused("port 0", { port: 0 }, { path: "spec.port", says: "should be greater than or equal to 1" }),
  refused(
    "port 65536",
    { port: 65_536 },
    { path: "spec.port", says: "should be less than or equal to 65535" },
  ),
  refused(
    "a Service on port 65536",
    { service: { port: 65_536 } },
    { path: "spec.service.port", says: "should be less than or equal to 65535" },
  ),
  accepted("a deadline just above minReadySeconds", { minReadySeconds: 15, progressDeadlineSeconds: 16 }),
  refused(
    "a deadline that is not above minReadySeconds",
    { minReadySeconds: 15, progressDeadlineSeconds: 15 },
    {
      path: "spec.progressDeadlineSeconds",
      says: "progressDeadlineSeconds must be above minReadySeconds: raise it",
    },
  ),
  refused(
    "minReadySeconds above the default deadline",
    { minReadySeconds: 600 },
    { path: "spec.progressDeadlineSeconds", says: "must be above minReadySeconds" },
  ),
  accepted("no restart", { restartAt: "" }),
  accepted("a restart with an offset", { restartAt: "2026-01-31T12:00:00.5+02:00" }),
  refused(
    "a restart on a day alone",
    { restartAt: "2026-01-31" },
    { path: "spec.restartAt", says: "RFC 3339" },
  ),
  refused(
    "a restart in month 13",
    { restartAt: "2026-13-01T00:00:00Z" },
    { path: "spec.restartAt", says: "RFC 3339" },
  ),
  accepted("suspended and without rollback", { suspend: true, rollback: { automatic: false } }),
  refused(
    "a negative history",
    { revisionHistoryLimit: -1 },
    { path: "spec.revisionHistoryLimit", says: "should be greater than or equal to 0" },
  ),
  accepted("keys left empty that have a default", {
    service: null,
    replicas: null,
    strategy: null,
    probes: { liveness: null },
  }),
  refused(
    "a key left empty that has none",
    { env: null },
    { path: "spec.env", says: "must be of type array" },
  ),
  refused("an image left empty", { image: null }, { path: "spec.image", says: "must be of type string" }),
  refused(
    "a startup probe left empty",
    { probes: { startup: null } },
    {
      path: "spec.probes.startup",
      says: "must be of type object",
    },
  ),
  unknown("an unknown field", { replica: 2 }, "spec.replica"),
  unknown(
    "an unknown field deep down",
    { probes: { liveness: { httpGet: {} } } },
    "spec.probes.liveness.httpGet",
  ),
  unknown("analysis, which is not there yet", { analysis: { metrics: [] } }, "spec.analysis"),
];
