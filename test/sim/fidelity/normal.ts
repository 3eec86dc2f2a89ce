import { type Fields, fieldsOf, isFields, itemsOf, textOf } from "../apiserver/json.ts";
import type { Reply } from "./wire.ts";

/** Fields with a different value on each server; the normal form has the field's name instead. */
const different: ReadonlySet<string> = new Set(
  "uid resourceVersion creationTimestamp deletionTimestamp time clusterIP continue".split(" "),
);
/** Only the real server runs controllers: their managers and annotations do not count. */
const controllers: ReadonlySet<string> = new Set(["kube-controller-manager", "kube-scheduler"]);
const revisionAnnotation = "deployment.kubernetes.io/revision";

const normalText = (text: string, namespace: string): string =>
  text
    .replaceAll(namespace, "{ns}")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "{time}")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "{uid}")
    .replaceAll(/in record \(\d+\)/g, "in record ({resourceVersion})");

const entryKey = ({ operation, manager, subresource }: Fields): string =>
  [operation, manager, subresource].map(textOf).join();

/** The entries of managedFields in one order: the API server sorts by the second in which each manager wrote. */
const normalEntries = (managedFields: unknown): readonly Fields[] =>
  itemsOf(managedFields)
    .filter(({ manager }) => !controllers.has(textOf(manager)))
    .toSorted((a, b) => (entryKey(a) < entryKey(b) ? -1 : 1));

function normalMetadata(metadata: Fields): Fields {
  const { [revisionAnnotation]: _, ...annotations } = fieldsOf(metadata["annotations"]);
  const managedFields = normalEntries(metadata["managedFields"]);
  return {
    ...metadata,
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
    managedFields: managedFields.length === 0 ? undefined : managedFields,
  };
}

/** A value without server-specific values and without the fields that only controllers write. */
function normal(value: unknown, namespace: string, field = ""): unknown {
  if (different.has(field) && typeof value === "string") return `{${field}}`;
  if (field === "clusterIPs") return ["{clusterIP}"];
  if (typeof value === "string") return normalText(value, namespace);
  if (Array.isArray(value)) return value.map((item) => normal(item, namespace));
  if (!isFields(value)) return value;
  const { status, ...rest } = value;
  const isDeployment = value["kind"] === "Deployment" && isFields(value["spec"]);
  const fields = isDeployment || status === undefined ? rest : value;
  const entries = Object.entries(field === "metadata" ? normalMetadata(fields) : fields);
  return Object.fromEntries(
    entries
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [normalText(name, namespace), normal(inner, namespace, name)]),
  );
}

/** A reply in a form that is equal for all servers with the same behaviour. */
export const normalReply = ({ code, body }: Reply, namespace: string): Reply => ({
  code,
  body: normal(body, namespace),
});
