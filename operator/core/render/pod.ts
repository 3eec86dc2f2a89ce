import { containerName, labels, ownedBy, portName } from "../../api/names.ts";
import type { DemoAppSpec, Probe } from "../../api/schema.ts";
import { completeResources, impliedPod, podDefaults } from "../defaults.ts";
import { canonicalHashOf } from "../hash.ts";
import { type Fields, compact, withoutNulls } from "../manifest.ts";

/** The fields of an app that its labels are rendered from. */
export interface Identity {
  readonly name: string;
  readonly namespace: string;
}

/** Sleep of preStop: long enough for all nodes to remove the pod from their endpoints before it stops. */
const drainSeconds = 5;
const { terminationGracePeriodSeconds: graceSeconds } = impliedPod;

/**
 * The kubelet does the sleep, so the image needs no shell. Kubernetes refuses a sleep longer than the grace period.
 */
function drain(gracePeriodSeconds: number): Fields | undefined {
  const seconds = Math.min(drainSeconds, gracePeriodSeconds);
  return seconds === 0 ? undefined : { preStop: { sleep: { seconds } } };
}

/** The container part of the restricted Pod Security Standard, and a read-only root file system. */
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

/** An emptyDir at /tmp, unless the user mounts a volume there. */
function temporaryFolder(pod: DemoAppSpec["pod"]): { volumes: Fields[]; volumeMounts: Fields[] } {
  const isMounted = (pod?.volumeMounts ?? []).some((mount) => mount["mountPath"] === "/tmp");
  if (isMounted) return { volumes: [], volumeMounts: [] };
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
      terminationMessagePolicy: pod.terminationMessagePolicy,
      securityContext: pod.containerSecurityContext ?? {},
    }),
  );
}

const nonEmpty = <T>(items: readonly T[] | undefined): readonly T[] | undefined =>
  items && items.length > 0 ? items : undefined;

/** Prefers to spread the pods of a revision evenly over nodes. */
const spread = (identity: Identity): Fields => ({
  maxSkew: 1,
  topologyKey: "kubernetes.io/hostname",
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: ownedBy(identity.name) },
  matchLabelKeys: ["pod-template-hash"],
});

/** The pod template of a spec. Pure: the same operator version renders the same spec to the same template. */
export function renderPodTemplate(identity: Identity, spec: DemoAppSpec): Fields {
  const pod = spec.pod ?? {};
  const sidecars = (pod.sidecars ?? []).map((sidecar) => ({ ...sidecar, restartPolicy: "Always" }));
  const initContainers = [...sidecars, ...(pod.initContainers ?? [])] as Container[];
  const template = {
    metadata: compact({
      labels: { ...pod.labels, ...ownedBy(identity.name), [labels.hash]: canonicalHashOf(spec) },
      annotations: pod.annotations,
    }),
    spec: compact({
      automountServiceAccountToken:
        pod.automountServiceAccountToken ?? impliedPod.automountServiceAccountToken,
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
