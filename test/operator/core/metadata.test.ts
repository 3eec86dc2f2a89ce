import { describe, expect, test } from "@jest/globals";
import { labels } from "../../../operator/api/names.ts";
import { drift } from "../../../operator/core/diff.ts";
import type { Fields, Manifest } from "../../../operator/core/manifest.ts";
import { live, service, desired, withTemplate } from "./driftobjects.ts";
import { applied } from "./serverside.ts";

type Texts = Readonly<Record<string, string>>;

/** Changes labels or annotations of an object. */
const withMetadata = (object: Manifest, field: "labels" | "annotations", change: Texts): Manifest => ({
  ...object,
  metadata: { ...object.metadata, [field]: { ...object.metadata[field], ...change } },
});

const withTemplateLabels = (object: Manifest, change: Texts): Manifest =>
  withTemplate(object, ({ metadata, ...template }) => {
    const { labels: before, ...rest } = metadata as Fields;
    return { ...template, metadata: { ...rest, labels: { ...(before as Texts), ...change } } };
  });

describe("labels and annotations are changed by hand", () => {
  const liveService = applied(undefined, service);
  const own = { [labels.name]: "other" };
  const others = { team: "x" };

  test.each([
    { name: "an own label of the Deployment", object: withMetadata(live, "labels", own), desired },
    {
      name: "an own annotation of the Deployment",
      object: withMetadata(live, "annotations", { note: "2" }),
      desired,
    },
    {
      name: "an own label of the Service",
      object: withMetadata(liveService, "labels", own),
      desired: service,
    },
    { name: "an own label of the pod template", object: withTemplateLabels(live, own), desired },
  ])("$name differs: the operator restores the value", ({ object, desired }) => {
    expect(drift(object, desired)).toMatchObject({ apply: true, takeOver: [] });
  });

  test.each([
    { name: "a label on the Deployment", object: withMetadata(live, "labels", others), desired },
    {
      name: "an annotation on the Deployment",
      object: withMetadata(live, "annotations", others),
      desired,
    },
    { name: "a label on the Service", object: withMetadata(liveService, "labels", others), desired: service },
    { name: "a label on the pod template", object: withTemplateLabels(live, others), desired },
  ])("$name is added: the operator keeps the addition", ({ object, desired }) => {
    expect(drift(object, desired).apply).toBe(false);
  });
});
