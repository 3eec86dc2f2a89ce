import { describe, expect, test } from "@jest/globals";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { renderDeployment } from "../../../operator/core/render/deployment.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { app, at, observed, owner, spec } from "./objects.ts";

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

describe("a pod is hardened unless asked otherwise", () => {
  const hardened = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };

  test("it meets the restricted Pod Security Standard and holds no token", () => {
    expect(template().spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container()).toMatchObject({ name: "app", securityContext: hardened });
  });

  test("it can write to /tmp, and to nothing else", () => {
    expect(template().spec["volumes"]).toEqual([{ name: "demoapp-tmp", emptyDir: {} }]);
    expect(container()["volumeMounts"]).toEqual([{ name: "demoapp-tmp", mountPath: "/tmp" }]);
  });

  test("what is mounted at /tmp by the user takes the place of ours", () => {
    const pod = {
      volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Gi" } }],
      volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
    };
    expect(template({ pod }).spec["volumes"]).toEqual(pod.volumes);
    expect(container({ pod })["volumeMounts"]).toEqual(pod.volumeMounts);
  });

  test("a field of a security context replaces the default's, and leaves the others", () => {
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

  test("sidecars and init containers are hardened alike, and sidecars come first and stay", () => {
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

  test("no request is dropped: it sleeps before it stops, unless a lifecycle is given", () => {
    expect(container()["lifecycle"]).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(container({ pod: { lifecycle: {} } })["lifecycle"]).toEqual({});
    expect(template().spec["terminationGracePeriodSeconds"]).toBe(30);
  });

  test("it never sleeps for longer than it may live, which Kubernetes refuses", () => {
    const lifecycle = (seconds: number) =>
      container({ pod: { terminationGracePeriodSeconds: seconds } })["lifecycle"];
    expect(lifecycle(3)).toEqual({ preStop: { sleep: { seconds: 3 } } });
    expect(lifecycle(0)).toBeUndefined();
  });

  test("its last words are kept, and its pods are spread over nodes, revision by revision", () => {
    expect(container()["terminationMessagePolicy"]).toBe("FallbackToLogsOnError");
    expect(template().spec["topologySpreadConstraints"]).toEqual([
      expect.objectContaining({ whenUnsatisfiable: "ScheduleAnyway", matchLabelKeys: ["pod-template-hash"] }),
    ]);
  });

  test("what is not asked for is not set, so that it is left to Kubernetes", () => {
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
      name: "HTTP on the app's port by default",
      probe: {},
      handler: { httpGet: { path: "/health", port: "http" } },
    },
    {
      name: "HTTP in full",
      probe: { path: "/live", port: 8081, scheme: "HTTPS", httpHeaders: [{ name: "X", value: "1" }] },
      handler: {
        httpGet: { path: "/live", port: 8081, scheme: "HTTPS", httpHeaders: [{ name: "X", value: "1" }] },
      },
    },
    { name: "TCP on the app's port", probe: { tcp: {} }, handler: { tcpSocket: { port: "http" } } },
    { name: "TCP on another port", probe: { tcp: { port: 9 } }, handler: { tcpSocket: { port: 9 } } },
    { name: "gRPC, which takes a number only", probe: { grpc: {} }, handler: { grpc: { port: 3000 } } },
    {
      name: "gRPC of one service",
      probe: { grpc: { port: 9, service: "s" } },
      handler: { grpc: { port: 9, service: "s" } },
    },
    { name: "a command", probe: { exec: { command: ["ok"] } }, handler: { exec: { command: ["ok"] } } },
  ])("$name", ({ probe, handler }) => {
    expect(liveness(probe)).toEqual({ ...handler, ...numbers });
  });

  test("every number may be set", () => {
    const given = { ...numbers, initialDelaySeconds: 0, periodSeconds: 7, terminationGracePeriodSeconds: 2 };
    expect(liveness(given)).toEqual({ httpGet: { path: "/health", port: "http" }, ...given });
  });

  test("a disabled one is none, and a startup probe is one only where it is given", () => {
    expect(container({ probes: { readiness: { disabled: true } } })).not.toHaveProperty("readinessProbe");
    expect(container({ probes: { startup: {} } })["startupProbe"]).toMatchObject({
      httpGet: { path: "/health", port: "http" },
      failureThreshold: 30,
    });
  });
});

describe("what the user asks for is passed on", () => {
  test("environment, ports, command and resources", () => {
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

  test("labels and annotations; labels that are ours can't be overridden", () => {
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
  const o = observed({ app: scaled }) as ObservedApp;
  const of = (restartedAt?: string): Manifest =>
    renderDeployment(o, {
      template: renderPodTemplate(app(), spec()),
      annotations: { note: "1" },
      restartedAt,
    });
  const selector = {
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/managed-by": "demoapp-operator",
    "demoapp.dev/track": "stable",
  };

  test("belong to the DemoApp, so that they go with it", () => {
    for (const { metadata } of [of(), renderService(o)])
      expect(metadata).toMatchObject({
        name: "web",
        namespace: "team",
        ownerReferences: [owner],
        labels: selector,
      });
  });

  test("select by labels that never change; the hash only tells pods apart", () => {
    expect(of()["spec"]).toMatchObject({
      replicas: 5,
      minReadySeconds: 15,
      progressDeadlineSeconds: 60,
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      template: { metadata: { labels: { ...selector, "demoapp.dev/hash": expect.any(String) as unknown } } },
    });
    expect(renderService(o)["spec"]).toEqual({
      type: "ClusterIP",
      selector,
      ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    });
  });

  test("a restart is an annotation of the template, and none where none was asked for", () => {
    const annotations = (object: Manifest): unknown =>
      (object["spec"] as { template: Template }).template.metadata.annotations;
    expect(annotations(of())).toBeUndefined();
    expect(annotations(of(at(0)))).toEqual({ "demoapp.dev/restarted-at": at(0) });
  });
});
