import { type Fields, isFields } from "../json.ts";

// Schemas are OpenAPI v3 objects with x-kubernetes-* extensions, as in a CustomResourceDefinition.

/** The schema of a field; undefined if the schema declares neither the field nor additionalProperties. */
export const propertyOf = (schema: Fields, name: string): Fields | undefined => {
  const { properties, additionalProperties } = schema;
  const property = isFields(properties) ? (properties[name] ?? additionalProperties) : additionalProperties;
  return isFields(property) ? property : undefined;
};

type Rule = Fields;

const atomic: Rule = { "x-kubernetes-map-type": "atomic" };
const mapBy = (...keys: readonly string[]): Rule => ({
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": keys,
});
/** A list with keys whose items each have one owner as a whole. */
const atomicItemsBy = (key: string): Rule => ({ ...mapBy(key), items: atomic });
const byName = mapBy("name");
const byType = mapBy("type");

/**
 * Merge rules of the built-in kinds by field name, from `/openapi/v2` of Kubernetes 1.35. A field name has the same
 * rule in all kinds that the server serves, except `ports` and `data`.
 */
const rules: Readonly<Record<string, Rule>> = {
  finalizers: { "x-kubernetes-list-type": "set" },
  ownerReferences: atomicItemsBy("uid"),
  imagePullSecrets: atomicItemsBy("name"),
  secrets: atomicItemsBy("name"),
  containers: byName,
  initContainers: byName,
  ephemeralContainers: byName,
  env: byName,
  volumes: byName,
  claims: byName,
  schedulingGates: byName,
  volumeMounts: mapBy("mountPath"),
  volumeDevices: mapBy("devicePath"),
  ports: mapBy("containerPort", "protocol"),
  hostAliases: mapBy("ip"),
  podIPs: mapBy("ip"),
  topologySpreadConstraints: mapBy("topologyKey", "whenUnsatisfiable"),
  conditions: byType,
  addresses: byType,
  // The only part of a key that an item may leave out.
  protocol: { default: "TCP" },
};

const atomicMaps =
  "nodeSelector selector labelSelector namespaceSelector requiredDuringSchedulingIgnoredDuringExecution fieldRef " +
  "resourceFieldRef configMapKeyRef secretKeyRef fileKeyRef involvedObject related regarding targetRef scopeSelector";

function schemaFrom(extra: Readonly<Record<string, Rule>>): Fields {
  const properties: Record<string, Fields> = {};
  const any: Fields = {
    properties,
    get additionalProperties() {
      return any;
    },
  };
  const named = atomicMaps.split(" ").map((name) => [name, atomic] as const);
  for (const [name, rule] of [...Object.entries(rules), ...named, ...Object.entries(extra)])
    properties[name] = { items: any, ...rule, properties, additionalProperties: any };
  return any;
}

/** Deployments, pods, events and all other built-in kinds except the next two. */
export const builtIn = schemaFrom({});
export const service = schemaFrom({ ports: mapBy("port", "protocol") });
export const controllerRevision = schemaFrom({ data: atomic });
