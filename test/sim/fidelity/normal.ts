import { type Fields, fieldsOf, isFields, itemsOf, textOf } from "../apiserver/json.ts";
import type { Reply } from "./wire.ts";

/** Values that no two servers share: they are replaced by what they are. */
const own: ReadonlySet<string> = new Set(
  "uid resourceVersion creationTimestamp deletionTimestamp time clusterIP continue".split(" "),
);
/** Managers that are controllers: the real server has them, the fake has not. */
const controllers: ReadonlySet<string> = new Set(["kube-controller-manager", "kube-scheduler"]);
const controllerAnnotations: ReadonlySet<string> = new Set(["deployment.kubernetes.io/revision"]);

const times = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
const uids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

const versions = /in record \(\d+\)/g;

const normalText = (text: string, namespace: string): string =>
  text
    .replaceAll(namespace, "{ns}")
    .replaceAll(times, "{time}")
    .replaceAll(uids, "{uid}")
    .replaceAll(versions, "in record ({resourceVersion})");

function metadataOf(metadata: Fields): Fields {
  const annotations = Object.entries(fieldsOf(metadata["annotations"]));
  const kept = annotations.filter(([name]) => !controllerAnnotations.has(name));
  const managedFields = itemsOf(metadata["managedFields"]).filter(
    (entry) => !controllers.has(textOf(entry["manager"])),
  );
  return {
    ...metadata,
    annotations: kept.length === 0 ? undefined : Object.fromEntries(kept),
    managedFields: managedFields.length === 0 ? undefined : managedFields,
  };
}

/** A value without what differs between any two servers, and without what only controllers write. */
function normal(value: unknown, namespace: string, field = ""): unknown {
  if (own.has(field) && typeof value === "string") return `{${field}}`;
  if (field === "clusterIPs") return ["{clusterIP}"];
  if (typeof value === "string") return normalText(value, namespace);
  if (Array.isArray(value)) return value.map((item) => normal(item, namespace));
  if (!isFields(value)) return value;
  const fields = field === "metadata" ? metadataOf(value) : value;
  const isWorkload = ["Deployment", "ReplicaSet"].includes(textOf(value["kind"])) && isFields(value["spec"]);
  const kept = Object.entries(fields).filter(
    ([name, inner]) => inner !== undefined && !(isWorkload && name === "status"),
  );
  const entries = kept.map(
    ([name, inner]) => [normalText(name, namespace), normal(inner, namespace, name)] as const,
  );
  return Object.fromEntries(entries);
}

/** An answer in a form that two servers can share. */
export const normalReply = ({ code, body }: Reply, namespace: string): Reply => ({
  code,
  body: normal(body, namespace),
});
