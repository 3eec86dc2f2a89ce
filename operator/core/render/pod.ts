import { containerName, labels, ownedBy, portName } from "../../api/names.ts";
import type { DemoAppSpec, Probe } from "../../api/schema.ts";
import { completeResources, podDefaults } from "../defaults.ts";
import { hashOf } from "../hash.ts";
import { type Fields, compact, withoutNulls } from "../manifest.ts";

/** What the name and the labels of an app's objects come from. */
export interface Identity {
  readonly name: string;
  readonly namespace: string;
}

/** Long enough for every endpoint list to drop the pod before it stops listening. */
const drainSeconds = 5;
const graceSeconds = 30;

/** Kubernetes sleeps by itself here: no binary is needed in the image. It refuses to sleep longer than the grace. */
function drain(withinSeconds: number): Fields | undefined {
  const seconds = Math.min(drainSeconds, withinSeconds);
  return seconds === 0 ? undefined : { preStop: { sleep: { seconds } } };
}

/** The restricted Pod Security Standard, and a root file system that nothing writes to. */
const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

type AnyProbe = Omit<Probe, "successThreshold">;

function handler(probe: AnyProbe, port: number): Fields {
  if (probe.exec) return { exec: { command: probe.exec.command } };
  if (probe.grpc) return { grpc: compact({ port: probe.grpc.port ?? port, service: probe.grpc.service }) };
  if (probe.tcp) return { tcpSocket: { port: probe.tcp.port ?? portName } };
  const { path, scheme, httpHeaders } = probe;
  return {
    httpGet: compact({
      path: path ?? podDefaults.probes.liveness.path,
      port: probe.port ?? portName,
      scheme,
      httpHeaders,
    }),
  };
}

function probeOf(probe: AnyProbe | undefined, port: number): Fields | undefined {
  if (!probe || probe.disabled) return undefined;
  return { ...handler(probe, port), ...timing(probe) };
}

const timing = (probe: AnyProbe & Partial<Probe>): Fields =>
  compact({
    initialDelaySeconds: probe.initialDelaySeconds,
    periodSeconds: probe.periodSeconds,
    timeoutSeconds: probe.timeoutSeconds,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
    terminationGracePeriodSeconds: probe.terminationGracePeriodSeconds,
  });

type Container = Fields & { readonly securityContext?: Fields };

const harden = (container: Container): Fields => ({
  terminationMessagePolicy: "FallbackToLogsOnError",
  ...container,
  securityContext: { ...hardened, ...container.securityContext },
});

/** A writable /tmp, unless the user mounts something there. */
function temporaryFolder(pod: DemoAppSpec["pod"]): { volumes: Fields[]; volumeMounts: Fields[] } {
  const taken = (pod?.volumeMounts ?? []).some((mount) => mount["mountPath"] === "/tmp");
  if (taken) return { volumes: [], volumeMounts: [] };
  return {
    volumes: [{ name: "demoapp-tmp", emptyDir: {} }],
    volumeMounts: [{ name: "demoapp-tmp", mountPath: "/tmp" }],
  };
}

function appContainer(spec: DemoAppSpec): Fields {
  const { pod = {}, port } = spec;
  return harden(
    compact({
      name: containerName,
      image: spec.image,
      imagePullPolicy: pod.imagePullPolicy,
      command: pod.command,
      args: pod.args,
      ports: [{ name: portName, containerPort: port, protocol: "TCP" }, ...(pod.ports ?? [])],
      env: nonEmpty(spec.env),
      envFrom: nonEmpty(spec.envFrom),
      resources: completeResources(spec.resources),
      livenessProbe: probeOf(spec.probes.liveness, port),
      readinessProbe: probeOf(spec.probes.readiness, port),
      startupProbe: probeOf(spec.probes.startup, port),
      lifecycle: pod.lifecycle ?? drain(pod.terminationGracePeriodSeconds ?? graceSeconds),
      volumeMounts: nonEmpty([...temporaryFolder(pod).volumeMounts, ...(pod.volumeMounts ?? [])]),
      securityContext: pod.containerSecurityContext ?? {},
    }),
  );
}

const nonEmpty = <T>(items: readonly T[] | undefined): readonly T[] | undefined =>
  items && items.length > 0 ? items : undefined;

/** Pods of an app over its nodes, evenly where that is possible; each revision is counted for itself. */
const spread = (identity: Identity): Fields => ({
  maxSkew: 1,
  topologyKey: "kubernetes.io/hostname",
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: ownedBy(identity.name) },
  matchLabelKeys: ["pod-template-hash"],
});

/** The pod template of a spec: pure, and so the same for the same spec and operator version. */
export function renderPodTemplate(identity: Identity, spec: DemoAppSpec): Fields {
  const pod = spec.pod ?? {};
  const sidecars = (pod.sidecars ?? []).map((sidecar) => ({ ...sidecar, restartPolicy: "Always" }));
  const initContainers = [...sidecars, ...(pod.initContainers ?? [])] as Container[];
  const template = {
    metadata: compact({
      labels: { ...pod.labels, ...ownedBy(identity.name), [labels.hash]: hashOf(spec) },
      annotations: pod.annotations,
    }),
    spec: compact({
      automountServiceAccountToken: pod.automountServiceAccountToken ?? false,
      enableServiceLinks: false,
      serviceAccountName: pod.serviceAccountName,
      imagePullSecrets: nonEmpty(pod.imagePullSecrets),
      nodeSelector: pod.nodeSelector,
      tolerations: nonEmpty(pod.tolerations),
      affinity: pod.affinity,
      topologySpreadConstraints: pod.topologySpreadConstraints ?? [spread(identity)],
      priorityClassName: pod.priorityClassName,
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds ?? graceSeconds,
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
        ...pod.securityContext,
      },
      initContainers: nonEmpty(initContainers.map(harden)),
      containers: [appContainer(spec)],
      volumes: nonEmpty([...temporaryFolder(pod).volumes, ...(pod.volumes ?? [])]),
    }),
  };
  return withoutNulls(template) as Fields;
}
