/** A part of a list item's key: a field, and what it is if the item leaves it out. */
export interface KeyField {
  readonly name: string;
  readonly absent?: unknown;
}

/** How the values of a type are merged and owned (the x-kubernetes-* extensions of OpenAPI). */
export interface Schema {
  /** A map that has one owner as a whole; lists are so unless they have keys or are sets. */
  readonly atomic?: boolean;
  /** Makes a list a map: what tells its items apart. */
  readonly keys?: readonly KeyField[];
  /** A list of scalars, each of which has an owner of its own. */
  readonly set?: boolean;
  /** The type of a list's items. */
  readonly items?: Schema;
  /** The type of a field. */
  field(name: string): Schema;
}

interface Rule {
  readonly atomic?: boolean;
  readonly by?: readonly string[];
  readonly set?: boolean;
  /** Items are owned as a whole. */
  readonly atomicItems?: boolean;
}

const atomic: Rule = { atomic: true };
const byName: Rule = { by: ["name"] };
const byType: Rule = { by: ["type"] };

/**
 * The built-in kinds, by field name: what `/openapi/v2` of Kubernetes 1.35 says about the kinds that are served here.
 * A name means the same in all of them, but for `ports`.
 */
const rules: Readonly<Record<string, Rule>> = {
  finalizers: { set: true },
  ownerReferences: { by: ["uid"], atomicItems: true },
  containers: byName,
  initContainers: byName,
  ephemeralContainers: byName,
  env: byName,
  volumes: byName,
  volumeMounts: { by: ["mountPath"] },
  volumeDevices: { by: ["devicePath"] },
  ports: { by: ["containerPort", "protocol"] },
  imagePullSecrets: { by: ["name"], atomicItems: true },
  secrets: { by: ["name"], atomicItems: true },
  hostAliases: { by: ["ip"] },
  podIPs: { by: ["ip"] },
  claims: byName,
  schedulingGates: byName,
  topologySpreadConstraints: { by: ["topologyKey", "whenUnsatisfiable"] },
  conditions: byType,
  addresses: byType,
  nodeSelector: atomic,
  selector: atomic,
  labelSelector: atomic,
  namespaceSelector: atomic,
  requiredDuringSchedulingIgnoredDuringExecution: atomic,
  fieldRef: atomic,
  resourceFieldRef: atomic,
  configMapKeyRef: atomic,
  secretKeyRef: atomic,
  fileKeyRef: atomic,
  involvedObject: atomic,
  related: atomic,
  regarding: atomic,
  targetRef: atomic,
  scopeSelector: atomic,
};

/** The protocol of a port is the only part of a key that may be left out. */
const keyFieldOf = (name: string): KeyField => (name === "protocol" ? { name, absent: "TCP" } : { name });

function schemaFrom(table: Readonly<Record<string, Rule>>): Schema {
  const schemas = new Map<string, Schema>();
  const field = (name: string): Schema => schemas.get(name) ?? plain;
  const plain: Schema = { field };
  const atomicMap: Schema = { atomic: true, field };
  for (const [name, rule] of Object.entries(table))
    schemas.set(name, {
      ...(rule.atomic === true && { atomic: true }),
      ...(rule.set === true && { set: true }),
      ...(rule.by && { keys: [...rule.by].sort().map(keyFieldOf) }),
      items: rule.atomicItems === true ? atomicMap : plain,
      field,
    });
  return plain;
}

/** Deployments, pods, events and everything else that is built in, except the next two. */
export const builtIn = schemaFrom(rules);
export const service = schemaFrom({ ...rules, ports: { by: ["port", "protocol"] } });
export const controllerRevision = schemaFrom({ ...rules, data: atomic });
