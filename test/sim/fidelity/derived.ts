import type { Fields } from "../apiserver/json.ts";
import { type Script, apply, container, deployment, json } from "./steps.ts";

const pod = "f:spec/f:template/f:spec";

/** Adds a field below the pod spec to the fields of the first manager, as the operator's take-over does. */
const own = (name: string, field: string): ReturnType<typeof json> =>
  json(`Deployment/${name}`, [
    { op: "add", path: `/metadata/managedFields/0/fieldsV1/${pod}/${field}`, value: {} },
  ]);

const withPod = (name: string, fields: Fields): Fields => {
  const metadata = { labels: { app: name } };
  return deployment(name, { template: { metadata, spec: { containers: [container()], ...fields } } });
};
const account = (fields: Fields) => apply(withPod("account", fields));
const volume = (source: Fields) => apply(withPod("volume", { volumes: [{ name: "data", ...source }] }));
const image = (tag: string) =>
  apply(deployment("image", {}, [container({ image: `registry.local/app${tag}` })]));
const reference = (tag: string) => volume({ image: { reference: `registry.local/data${tag}` } });

/** Fields that the server derives from other fields, and that have no owner. */
export const derived: readonly Script[] = [
  {
    name: "the tag of an image changes: the pull policy stays until its applier owns and omits it",
    steps: [
      image(":latest"),
      image(":1"),
      own("image", 'f:containers/k:{"name":"app"}/f:imagePullPolicy'),
      image(":1"),
      image(`:latest@sha256:${"a".repeat(64)}`),
    ],
  },
  {
    name: "an applier omits serviceAccountName: the alias restores the name until its applier owns both",
    steps: [
      account({ serviceAccountName: "first" }),
      account({ serviceAccountName: "second" }),
      account({}),
      own("account", "f:serviceAccountName"),
      own("account", "f:serviceAccount"),
      account({}),
      account({ serviceAccount: "third" }),
      account({ serviceAccount: "third", serviceAccountName: "fourth" }),
    ],
  },
  {
    name: "a volume without a source gets one: refused until its applier owns and omits the emptyDir",
    steps: [
      volume({}),
      volume({ configMap: { name: "data" } }),
      own("volume", 'f:volumes/k:{"name":"data"}/f:emptyDir'),
      volume({ configMap: { name: "data" } }),
      reference(""),
      reference(":1"),
      volume({}),
    ],
  },
];
