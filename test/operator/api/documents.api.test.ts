import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { customResourceDefinition } from "../../../operator/api/crd.ts";
import { parseStored, validate } from "../../../operator/api/validate.ts";
import type { ApiClient, ObjectInput } from "../../../operator/runtime/client.ts";
import { apiServer } from "../../support/api-server.ts";
import { kinds, freshNamespace, removeNamespace } from "../../../tools/objects.ts";
import { documents } from "./documents.ts";

let client: ApiClient;
let namespace: string;

beforeAll(async () => {
  client = await apiServer();
  namespace = await freshNamespace(client, "documents");
});
afterAll(async () => {
  await removeNamespace(client, namespace);
  await client.close();
});

/** Applies a document with strict validation, then deletes the object, so that documents don't affect each other. */
async function apply(document: object) {
  const { metadata, ...rest } = document as ObjectInput;
  const object = { ...rest, metadata: { ...metadata, namespace } };
  const stored = await client.apply(kinds.DemoApp, object, { fieldManager: "documents", force: true });
  await client.delete(kinds.DemoApp, { name: metadata.name, namespace });
  return stored;
}

describe("a document that is sent to the real API server", () => {
  test("the CRD: established and structural", async () => {
    const { status } = await client.get(kinds.CustomResourceDefinition, {
      name: customResourceDefinition().metadata.name,
    });
    const conditions = (status as { conditions: { type: string; status: string }[] }).conditions;
    expect(
      conditions
        .filter((condition) => condition.status === "True")
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(["Established", "NamesAccepted"]);
  });

  test.each(documents.filter(({ refused }) => refused === undefined))(
    "$name: accepted, with the same defaults as in the offline check",
    async ({ document }) => {
      const stored = parseStored(await apply(document));
      const offline = validate(document);
      expect(stored).toMatchObject({ ok: true });
      expect(stored.ok && stored.app.spec).toEqual(offline.ok && offline.app.spec);
    },
  );

  test.each(documents.filter(({ refused }) => refused !== undefined))(
    "$name: refused, with the same message as in the offline check",
    async ({ document, refused: { path = "", message = "", server } = {} }) => {
      const refusal = apply(document);
      await expect(refusal).rejects.toThrow(server ?? message);
      if (server === undefined) await expect(refusal).rejects.toThrow(path);
    },
  );
});
