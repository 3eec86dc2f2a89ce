import { describe, expect, test } from "@jest/globals";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, at, observed, owner, spec } from "./objects.ts";
import { deploymentInput } from "./situations.ts";

interface Template {
  readonly metadata: { readonly labels: Fields; readonly annotations?: Fields };
  readonly spec: Fields & {
    readonly containers: readonly Fields[];
    readonly initContainers?: readonly Fields[];
  };
}

const template = (fields: Fields = {}): Template =>
  renderPodTemplate(app(), spec(fields)) as unknown as Template;
const container = (fields: Fields = {}): Fields => template(fields).spec.containers[0] ?? {};

describe("the default security and lifecycle of a pod", () => {
  const hardened = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };

  test("a pod by default: it meets the restricted Pod Security Standard and has no service account token", () => {
    expect(template().spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container()).toMatchObject({ name: "app", securityContext: hardened });
  });

  test("a container by default: it can write to /tmp only", () => {
    expect(template().spec["volumes"]).toEqual([{ name: "demoapp-tmp", emptyDir: {} }]);
    expect(container()["volumeMounts"]).toEqual([{ name: "demoapp-tmp", mountPath: "/tmp" }]);
  });

  test("the user mounts a volume at /tmp: the user's volume replaces the operator's", () => {
    const pod = {
      volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Gi" } }],
      volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
    };
    expect(template({ pod }).spec["volumes"]).toEqual(pod.volumes);
    expect(container({ pod })["volumeMounts"]).toEqual(pod.volumeMounts);
  });

  test("the user sets a field of a security context: the other fields keep their defaults", () => {
    const pod = {
      securityContext: { runAsUser: 10001 },
      containerSecurityContext: { readOnlyRootFilesystem: false },
    };
    expect(template({ pod }).spec["securityContext"]).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
      runAsUser: 10001,
    });
    expect(container({ pod })["securityContext"]).toEqual({ ...hardened, readOnlyRootFilesystem: false });
  });

  test("sidecars and init containers: they get the app container's security context; sidecars start first and keep running", () => {
    const pod = {
      sidecars: [{ name: "proxy", image: "proxy:1" }],
      initContainers: [
        { name: "migrate", image: "app:1", securityContext: { readOnlyRootFilesystem: false } },
      ],
    };
    expect(template({ pod }).spec.initContainers).toEqual([
      expect.objectContaining({ name: "proxy", restartPolicy: "Always", securityContext: hardened }),
      expect.objectContaining({
        name: "migrate",
        securityContext: { ...hardened, readOnlyRootFilesystem: false },
      }),
    ]);
    expect(template({ pod }).spec.containers).toHaveLength(1);
  });

  test("a container by default: it sleeps before it stops, so that no request is dropped; a given lifecycle replaces this", () => {
    expect(container()["lifecycle"]).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(container({ pod: { lifecycle: {} } })["lifecycle"]).toEqual({});
    expect(template().spec["terminationGracePeriodSeconds"]).toBe(30);
  });

  test("a short grace period: the sleep is not longer than the grace period, which Kubernetes would refuse", () => {
    const lifecycle = (seconds: number) =>
      container({ pod: { terminationGracePeriodSeconds: seconds } })["lifecycle"];
    expect(lifecycle(3)).toEqual({ preStop: { sleep: { seconds: 3 } } });
    expect(lifecycle(0)).toBeUndefined();
  });

  test("a pod by default: the log is the fallback of the termination message; pods of a revision spread over nodes", () => {
    expect(container()["terminationMessagePolicy"]).toBe("FallbackToLogsOnError");
    expect(container({ pod: { terminationMessagePolicy: "File" } })["terminationMessagePolicy"]).toBe("File");
    expect(template().spec["topologySpreadConstraints"]).toEqual([
      expect.objectContaining({ whenUnsatisfiable: "ScheduleAnyway", matchLabelKeys: ["pod-template-hash"] }),
    ]);
  });

  test("fields that the spec does not set: the pod template leaves them out, so that Kubernetes decides", () => {
    for (const field of ["nodeSelector", "tolerations", "affinity", "serviceAccountName", "initContainers"])
      expect(template().spec).not.toHaveProperty(field);
    for (const field of ["command", "args", "env", "envFrom", "imagePullPolicy", "startupProbe"])
      expect(container()).not.toHaveProperty(field);
  });
});

describe("probes", () => {
  const liveness = (probe: Fields): unknown =>
    container({ port: 3000, probes: { liveness: probe } })["livenessProbe"];
  const numbers = {
    initialDelaySeconds: 10,
    periodSeconds: 5,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  };

  test.each<{ name: string; probe: Fields; handler: Fields }>([
    {
      name: "a probe without fields: HTTP on the app's port",
      probe: {},
      handler: { httpGet: { path: "/health", port: "http" } },
    },
    {
      name: "a probe with all HTTP fields: the handler has all of them",
      probe: { path: "/live", port: 8081, scheme: "HTTPS", httpHeaders: [{ name: "X", value: "1" }] },
      handler: {
        httpGet: { path: "/live", port: 8081, scheme: "HTTPS", httpHeaders: [{ name: "X", value: "1" }] },
      },
    },
    {
      name: "tcp without a port: the app's port",
      probe: { tcp: {} },
      handler: { tcpSocket: { port: "http" } },
    },
    { name: "tcp with a port: this port", probe: { tcp: { port: 9 } }, handler: { tcpSocket: { port: 9 } } },
    {
      name: "grpc without a port: the number of the app's port, because gRPC takes no port name",
      probe: { grpc: {} },
      handler: { grpc: { port: 3000 } },
    },
    {
      name: "grpc with a service: the handler has the service",
      probe: { grpc: { port: 9, service: "s" } },
      handler: { grpc: { port: 9, service: "s" } },
    },
    {
      name: "exec: the given command",
      probe: { exec: { command: ["ok"] } },
      handler: { exec: { command: ["ok"] } },
    },
  ])("$name", ({ probe, handler }) => {
    expect(liveness(probe)).toEqual({ ...handler, ...numbers });
  });

  test("numbers are given: they replace the defaults", () => {
    const given = { ...numbers, initialDelaySeconds: 0, periodSeconds: 7, terminationGracePeriodSeconds: 2 };
    expect(liveness(given)).toEqual({ httpGet: { path: "/health", port: "http" }, ...given });
  });

  test("a disabled readiness probe: left out; an empty startup probe: rendered with defaults", () => {
    expect(container({ probes: { readiness: { disabled: true } } })).not.toHaveProperty("readinessProbe");
    expect(container({ probes: { startup: {} } })["startupProbe"]).toMatchObject({
      httpGet: { path: "/health", port: "http" },
      failureThreshold: 30,
    });
  });
});

describe("fields that the user sets", () => {
  test("environment, ports, command and resources: the container gets them", () => {
    const env = [{ name: "A", value: "1" }];
    const envFrom = [{ secretRef: { name: "s" } }];
    const pod = { ports: [{ name: "metrics", containerPort: 9090 }], command: ["node"], args: ["x"] };
    const resources = { requests: { cpu: "500m" } };
    expect(container({ env, envFrom, pod, port: 3000, resources })).toMatchObject({
      env,
      envFrom,
      command: ["node"],
      args: ["x"],
      ports: [
        { name: "http", containerPort: 3000 },
        { name: "metrics", containerPort: 9090 },
      ],
      resources: { requests: { cpu: "500m", memory: "128Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    });
  });

  test("labels and annotations: the pod gets them, except labels that the operator sets", () => {
    const labels = { team: "sre", "app.kubernetes.io/name": "evil", "demoapp.dev/hash": "evil" };
    const given = { ...spec(), pod: { labels, annotations: { note: "1" } } };
    const { metadata } = renderPodTemplate(app(), given) as unknown as Template;
    expect(metadata.labels).toMatchObject({ team: "sre", "app.kubernetes.io/name": "web" });
    expect(metadata.labels["demoapp.dev/hash"]).not.toBe("evil");
    expect(metadata.annotations).toEqual({ note: "1" });
  });
});

describe("the Deployment and the Service", () => {
  const scaled = app({ spec: spec({ replicas: 5, minReadySeconds: 15, progressDeadlineSeconds: 60 }) });
  const observation = observed({ app: scaled }) as ObservedApp;
  const template = renderPodTemplate(app(), spec());
  const deploymentOf = (restartedAt?: string): Manifest =>
    renderDeployment(
      observation,
      deploymentInput(template, { size: 5, annotations: { note: "1" }, restartedAt }),
    );
  const selector = {
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/managed-by": "demoapp-operator",
    "demoapp.dev/track": "stable",
  };

  test("owner reference: the DemoApp, so that the garbage collector deletes both with it", () => {
    for (const { metadata } of [deploymentOf(), renderService(observation, "stable")])
      expect(metadata).toMatchObject({
        name: "web",
        namespace: "team",
        ownerReferences: [owner],
        labels: selector,
      });
  });

  test("selectors: labels that never change; the hash is a pod label only", () => {
    expect(deploymentOf()["spec"]).toMatchObject({
      replicas: 5,
      minReadySeconds: 15,
      progressDeadlineSeconds: 60,
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      template: { metadata: { labels: { ...selector, "demoapp.dev/hash": expect.any(String) as unknown } } },
    });
    expect(renderService(observation, "stable")["spec"]).toEqual({
      type: "ClusterIP",
      selector,
      ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    });
  });

  test("a restart: an annotation on the pod template; without a restart: no annotation", () => {
    const annotations = (object: Manifest): unknown =>
      (object["spec"] as { template: Template }).template.metadata.annotations;
    expect(annotations(deploymentOf())).toBeUndefined();
    expect(annotations(deploymentOf(at(0)))).toEqual({ "demoapp.dev/restarted-at": at(0) });
  });
});
