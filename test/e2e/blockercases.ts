const node = (script: string): object => ({ command: ["/nodejs/bin/node", "-e", script] });

interface BlockerCase {
  readonly name: string;
  readonly spec: object;
  readonly reason: string;
  readonly object: RegExp;
  /** The original message, and the next action. */
  readonly message: RegExp;
  readonly next: RegExp;
}

/** First installs that can't succeed. Nothing is rejected, because there is no stable revision. */
export const blockerCases: readonly BlockerCase[] = [
  {
    name: "no-image",
    spec: { image: "127.0.0.1:5000/webapp:9.9.9" },
    reason: "ImageNotFound",
    object: /^Pod\/no-image-/,
    message: /not found/,
    next: /Push the image/,
  },
  {
    name: "no-registry",
    spec: { image: "127.0.0.1:5999/webapp:1" },
    reason: "ImagePullFailed",
    object: /^Pod\/no-registry-/,
    message: /connection refused/,
    next: /imagePullSecrets/,
  },
  {
    name: "crash-loop",
    spec: { env: [{ name: "PORT", value: "none" }] },
    reason: "CrashLoop",
    object: /^Pod\/crash-loop-/,
    message: /exit code \d+: .*PORT/s,
    next: /logs crash-loop-\S+ -c app --previous/,
  },
  {
    name: "root-user",
    spec: { pod: { securityContext: { runAsUser: 0 } } },
    reason: "RunsAsRoot",
    object: /^Pod\/root-user-/,
    message: /non-root/,
    next: /spec\.pod\.securityContext\.runAsUser/,
  },
  {
    name: "named-user",
    // The test sets spec.image to an image with a user name.
    spec: {},
    reason: "RunsAsRoot",
    object: /^Pod\/named-user-/,
    message: /non-numeric user/,
    next: /numeric user/,
  },
  {
    name: "read-only",
    spec: { pod: node("require('fs').writeFileSync('/data', '')") },
    reason: "ReadOnlyRoot",
    object: /^Pod\/read-only-/,
    message: /EROFS/,
    next: /emptyDir/,
  },
  {
    name: "memory",
    spec: {
      pod: node("const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))"),
      resources: { limits: { memory: "48Mi" } },
    },
    reason: "OutOfMemory",
    object: /^Pod\/memory-/,
    message: /memory/,
    next: /spec\.resources\.limits\.memory/,
  },
  {
    name: "not-ready",
    spec: { env: [{ name: "FAULT_NOT_READY", value: "true" }] },
    reason: "NotReady",
    object: /^Pod\/not-ready-/,
    message: /503/,
    next: /logs not-ready-/,
  },
  {
    name: "no-node",
    spec: { pod: { nodeSelector: { disk: "fast" } } },
    reason: "Unschedulable",
    object: /^Pod\/no-node-/,
    message: /0\/1 nodes are available/,
    next: /nodeSelector/,
  },
  {
    name: "no-secret",
    spec: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "gone", key: "key" } } }] },
    reason: "ConfigMissing",
    object: /^Pod\/no-secret-/,
    message: /secret "gone" not found/,
    next: /Create the object that the message names/,
  },
  {
    name: "no-config",
    spec: {
      pod: {
        volumes: [{ name: "files", configMap: { name: "lost" } }],
        volumeMounts: [{ name: "files", mountPath: "/files" }],
      },
    },
    reason: "ConfigMissing",
    object: /^Pod\/no-config-/,
    message: /configmap "lost" not found/,
    next: /spec\.pod\.volumes/,
  },
  {
    name: "no-account",
    spec: { pod: { serviceAccountName: "nobody" } },
    reason: "ServiceAccountMissing",
    object: /^Deployment\/no-account$/,
    message: /nobody/,
    next: /spec\.pod\.serviceAccountName/,
  },
  {
    name: "policy",
    spec: {},
    reason: "AdmissionRefused",
    object: /^Deployment\/policy$/,
    message: /no Deployment may be called policy/,
    next: /webhook or policy/,
  },
  {
    name: "denied",
    spec: {},
    reason: "AdmissionRefused",
    object: /^Deployment\/denied$/,
    message: /admission webhook "denied\.demoapp\.dev" denied the request: not on a Friday/,
    next: /webhook or policy/,
  },
  {
    name: "unanswered",
    spec: {},
    reason: "AdmissionRefused",
    object: /^Deployment\/unanswered$/,
    message: /failed calling webhook "unanswered\.demoapp\.dev"/,
    next: /webhook or policy/,
  },
  {
    name: "wrong-type",
    spec: { pod: { sidecars: [{ name: "log", image: "x", env: [{ name: "PORT", value: 8080 }] }] } },
    reason: "ApplyRefused",
    object: /^Deployment\/wrong-type$/,
    message: /expected string/,
    next: /Correct the field/,
  },
  {
    name: "taken",
    spec: {},
    reason: "NameTaken",
    object: /^Deployment\/taken$/,
    message: /exists but is not owned/,
    next: /delete deployment taken/,
  },
  {
    name: "taken-service",
    spec: {},
    reason: "NameTaken",
    object: /^Service\/taken-service$/,
    message: /exists but is not owned/,
    next: /annotate demoapp taken-service demoapp\.dev\/adopt=service/,
  },
  {
    name: "scaled",
    spec: {},
    reason: "ScalerOnDeployment",
    object: /^HorizontalPodAutoscaler\/scaled$/,
    message: /scales the Deployment/,
    next: /kind DemoApp, name scaled/,
  },
];
