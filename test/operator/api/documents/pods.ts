import { accepted, refused, unknown, type Fields, type Row } from "./row.ts";

const pod = (fields: Fields): Fields => ({ pod: fields });
export const pods: readonly Row[] = [
  accepted(
    "every field of spec.pod",
    pod({
      labels: { team: "sre" },
      annotations: { "prometheus.io/scrape": "true" },
      serviceAccountName: "webapp",
      automountServiceAccountToken: true,
      imagePullSecrets: [{ name: "registry" }],
      imagePullPolicy: "Always",
      nodeSelector: { "kubernetes.io/arch": "amd64" },
      tolerations: [{ key: "spot", operator: "Exists", effect: "NoExecute", tolerationSeconds: 30 }],
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
      priorityClassName: "high",
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      volumeMounts: [{ name: "data", mountPath: "/data", subPath: "a", readOnly: true }],
      command: ["/bin/webapp"],
      args: ["--verbose", ""],
      lifecycle: { preStop: { sleep: { seconds: 10 } } },
      ports: [
        { name: "metrics", containerPort: 9090 },
        { name: "dns", containerPort: 8080, protocol: "UDP" },
      ],
      initContainers: [{ name: "migrate", image: "migrate:1" }],
      sidecars: [{ name: "proxy", image: "proxy:1", resources: { limits: { cpu: 0.5 } } }],
      securityContext: { fsGroup: 1000 },
      containerSecurityContext: { runAsUser: 1000 },
      terminationGracePeriodSeconds: 60,
    }),
  ),
  accepted(
    "tolerationSeconds that JavaScript does not count as safe",
    pod({ tolerations: [{ tolerationSeconds: 2 ** 53 }, { tolerationSeconds: -(2 ** 62) }] }),
  ),
  refused(
    "tolerationSeconds with a fraction",
    pod({ tolerations: [{ tolerationSeconds: 0.5 }] }),
    "spec.pod.tolerations[0].tolerationSeconds: must be of type integer",
  ),
  refused(
    "a label that the operator sets",
    pod({ labels: { "demoapp.dev/track": "stable" } }),
    "spec.pod.labels: are set by the operator: remove them from pod.labels",
  ),
  refused(
    "the label app.kubernetes.io/name with another app's name",
    pod({ labels: { "app.kubernetes.io/name": "other" } }),
    "spec.pod.labels: are set by the operator",
  ),
  refused(
    "an annotation that the operator sets",
    pod({ annotations: { "demoapp.dev/hash": "x" } }),
    "spec.pod.annotations: demoapp.dev/* is set by the operator",
  ),
  refused(
    "a label value with a space",
    pod({ labels: { team: "s r e" } }),
    "spec.pod.labels: each value must be letters, digits",
  ),
  refused(
    "a nodeSelector key with a space",
    pod({ nodeSelector: { "a b": "c" } }),
    "spec.pod.nodeSelector: each key must be a name",
  ),
  refused(
    "an unknown pull policy",
    pod({ imagePullPolicy: "Sometimes" }),
    'spec.pod.imagePullPolicy: supported values: "Always", "IfNotPresent", "Never"',
  ),
  refused(
    "a mount of a volume that is not declared",
    pod({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    "spec.pod.volumeMounts: each of volumeMounts must name one of volumes",
  ),
  refused(
    "two mounts at the same path",
    pod({
      volumes: [{ name: "a" }],
      volumeMounts: [
        { name: "a", mountPath: "/a" },
        { name: "a", mountPath: "/a" },
      ],
    }),
    'spec.pod.volumeMounts: duplicate entries for key [mountPath="/a"]',
  ),
  refused(
    "a mount path with a colon",
    pod({ volumes: [{ name: "a" }], volumeMounts: [{ name: "a", mountPath: "/a:b" }] }),
    "spec.pod.volumeMounts[0].mountPath: mountPath must be a path without ':'",
  ),
  refused(
    "a port named http",
    pod({ ports: [{ name: "http", containerPort: 9090 }] }),
    "spec.pod.ports: 'http' is the name of spec.port: choose another name",
  ),
  refused(
    "two ports with the same name",
    pod({
      ports: [
        { name: "a", containerPort: 1 },
        { name: "a", containerPort: 2 },
      ],
    }),
    'spec.pod.ports: duplicate entries for key [name="a"]',
  ),
  refused(
    "two ports with the same number and protocol",
    pod({
      ports: [
        { name: "a", containerPort: 1 },
        { name: "b", containerPort: 1 },
      ],
    }),
    "spec.pod.ports: a containerPort may be given once for each protocol",
  ),
  refused(
    "a port with the number of spec.port",
    pod({ ports: [{ name: "again", containerPort: 8080 }] }),
    "spec.pod.ports: pod.ports must not repeat spec.port",
  ),
  refused(
    "a port name without a letter",
    pod({ ports: [{ name: "1-2", containerPort: 1 }] }),
    "spec.pod.ports[0].name: with a letter among them",
  ),
  refused(
    "a port name of 16 characters",
    pod({ ports: [{ name: "a".repeat(16), containerPort: 1 }] }),
    "spec.pod.ports[0].name: may not be more than 15 bytes",
  ),
  refused(
    "a sidecar named app",
    pod({ sidecars: [{ name: "app" }] }),
    "spec.pod.sidecars[0].name: 'app' is the app's own container: choose another name",
  ),
  refused(
    "a sidecar and an init container with the same name",
    pod({ sidecars: [{ name: "a" }], initContainers: [{ name: "a" }] }),
    "spec.pod.sidecars: sidecars and initContainers must not share a name",
  ),
  refused("a volume without a name", pod({ volumes: [{ emptyDir: {} }] }), {
    problem: "spec.pod.volumes[0].name: Required value",
    server: 'omits all key fields ["name"]',
  }),
  unknown("a pod field that the schema does not declare", pod({ hostNetwork: true }), "spec.pod.hostNetwork"),
];
