import {
  type Script,
  deployments,
  services,
  configMaps,
  demoApps,
  configMap,
  demoApp,
  get,
  post,
  put,
  remove,
  merge,
  apply,
  versionOf,
} from "./steps.ts";

/** Objects as such: found, made, changed and deleted. */
export const answers: readonly Script[] = [
  {
    name: "what is not there is not found",
    steps: [
      get(`${deployments}/none`),
      get(`${configMaps}/none`),
      get("/apis/apps/v1/namespaces/{ns}/nones"),
      get("/apis/none.example/v1/things"),
      remove(`${configMaps}/none`),
      merge(`${configMaps}/none`, { data: {} }),
      put(`${demoApps}/none`, demoApp("none")),
      apply(`${demoApps}/none/status`, { ...demoApp("none"), status: { phase: "Healthy" } }),
      post("/api/v1/namespaces/none-such/configmaps", configMap("a", {})),
    ],
  },
  {
    name: "an object is created once, and read back as it is stored",
    steps: [
      post(configMaps, configMap("once", { a: "1" })),
      post(configMaps, configMap("once", { a: "2" })),
      get(`${configMaps}/once`),
      post(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: {} }),
      post(configMaps, { apiVersion: "v2", kind: "ConfigMap", metadata: { name: "x" } }),
    ],
  },
  {
    name: "an update of an older version is a conflict",
    steps: [
      post(configMaps, configMap("versions", { a: "1" })),
      (before) =>
        put(
          `${configMaps}/versions`,
          configMap("versions", { a: "2" }, { resourceVersion: versionOf(before[0]) }),
        ),
      (before) =>
        put(
          `${configMaps}/versions`,
          configMap("versions", { a: "3" }, { resourceVersion: versionOf(before[0]) }),
        ),
      put(`${configMaps}/versions`, configMap("versions", { b: "1" })),
      put(`${configMaps}/versions`, configMap("other", { b: "1" })),
      (before) =>
        put(
          `${configMaps}/versions`,
          configMap(
            "versions",
            { b: "1" },
            { uid: "11111111-1111-4111-8111-111111111111", resourceVersion: versionOf(before[3]) },
          ),
        ),
    ],
  },
  {
    name: "a custom object is replaced only by its version",
    steps: [
      post(demoApps, demoApp("replaced")),
      put(`${demoApps}/replaced`, demoApp("replaced", { replicas: 3 })),
      (before) => {
        const app = demoApp("replaced", { replicas: 3 });
        return put(`${demoApps}/replaced`, {
          ...app,
          metadata: { name: "replaced", resourceVersion: versionOf(before[0]) },
        });
      },
    ],
  },
];

/** How objects go. */
export const deletions: readonly Script[] = [
  {
    name: "a deletion answers with a Status, and honours preconditions",
    steps: [
      post(configMaps, configMap("gone", {})),
      remove(`${configMaps}/gone`, { preconditions: { uid: "11111111-1111-4111-8111-111111111111" } }),
      remove(`${configMaps}/gone`, { preconditions: { resourceVersion: "1" } }),
      remove(`${configMaps}/gone`),
      post(demoApps, demoApp("gone")),
      remove(`${demoApps}/gone`, { propagationPolicy: "Background" }),
      post(services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "gone" },
        spec: { ports: [{ port: 80 }] },
      }),
      remove(`${services}/gone`),
    ],
  },
  {
    name: "finalizers hold an object until they are gone",
    steps: [
      post(configMaps, configMap("held", {}, { finalizers: ["example.dev/hold"] })),
      remove(`${configMaps}/held`),
      remove(`${configMaps}/held`),
      merge(`${configMaps}/held`, { metadata: { finalizers: null } }),
      get(`${configMaps}/held`),
    ],
  },
];
