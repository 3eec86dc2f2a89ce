const node = (script: string): object => ({ command: ["/nodejs/bin/node", "-e", script] });

interface BlockerCase {
  readonly name: string;
  readonly spec?: object;
  readonly reason: string;
  /** The kind of the object with the app's name that the blocker is about; by default the app's pod. */
  readonly kind?: string;
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
    message: /not found/,
    next: /Push the image/,
  },
  {
    name: "no-registry",
    spec: { image: "127.0.0.1:5999/webapp:1" },
    reason: "ImagePullFailed",
    message: /connection refused/,
    next: /imagePullSecrets/,
  },
  {
    name: "crash-loop",
    spec: { env: [{ name: "PORT", value: "none" }] },
    reason: "CrashLoop",
    message: /exit code \d+: ".*PORT/s,
    next: /logs crash-loop-\S+ -c app --previous/,
  },
  {
    name: "root-user",
    spec: { pod: { securityContext: { runAsUser: 0 } } },
    reason: "RunsAsRoot",
    message: /non-root/,
    next: /spec\.pod\.securityContext\.runAsUser/,
  },
  {
    name: "named-user",
    // The test sets spec.image to an image with a user name.
    reason: "RunsAsRoot",
    message: /non-numeric user/,
    next: /numeric user/,
  },
  {
    name: "read-only",
    spec: { pod: node("require('fs').writeFileSync('/data', '')") },
    reason: "ReadOnlyRoot",
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
    message: /memory/,
    next: /spec\.resources\.limits\.memory/,
  },
  {
    name: "not-ready",
    spec: { env: [{ name: "FAULT_NOT_READY", value: "true" }] },
    reason: "NotReady",
    message: /503/,
    next: /logs not-ready-/,
  },
  {
    name: "no-node",
    spec: { pod: { nodeSelector: { disk: "fast" } } },
    reason: "Unschedulable",
    message: /0\/1 nodes are available/,
    next: /nodeSelector/,
  },
  {
    name: "no-secret",
    spec: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "gone", key: "key" } } }] },
    reason: "ConfigMissing",
    message: /"secret 'gone' not found"/,
    next: /Create the object that status.blockers names/,
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
    message: /configmap 'lost' not found/,
    next: /spec\.pod\.volumes/,
  },
  {
    name: "no-account",
    spec: { pod: { serviceAccountName: "nobody" } },
    reason: "ServiceAccountMissing",
    kind: "Deployment",
    message: /nobody/,
    next: /spec\.pod\.serviceAccountName/,
  },
  {
    name: "policy",
    reason: "AdmissionRefused",
    kind: "Deployment",
    message: /no Deployment may be called policy/,
    next: /webhook or policy/,
  },
  {
    name: "denied",
    reason: "AdmissionRefused",
    kind: "Deployment",
    message: /admission webhook 'denied\.demoapp\.dev' denied the request: not on a Friday/,
    next: /webhook or policy/,
  },
  {
    name: "unanswered",
    reason: "AdmissionRefused",
    kind: "Deployment",
    message: /failed calling webhook 'unanswered\.demoapp\.dev'/,
    next: /webhook or policy/,
  },
  {
    name: "wrong-type",
    spec: { pod: { sidecars: [{ name: "log", image: "x", env: [{ name: "PORT", value: 8080 }] }] } },
    reason: "ApplyRefused",
    kind: "Deployment",
    message: /expected string/,
    next: /Correct the field/,
  },
  {
    name: "taken",
    reason: "NameTaken",
    kind: "Deployment",
    message: /exists but is not owned/,
    next: /delete deployment taken/,
  },
  {
    name: "taken-service",
    reason: "NameTaken",
    kind: "Service",
    message: /exists but is not owned/,
    next: /annotate service taken-service demoapp\.dev\/adopt-by=taken-service/,
  },
  {
    name: "scaled",
    reason: "ScalerOnDeployment",
    kind: "HorizontalPodAutoscaler",
    message: /scales the Deployment/,
    next: /kind DemoApp, name scaled/,
  },
];
