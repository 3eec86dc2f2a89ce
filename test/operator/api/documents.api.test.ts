import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseStored, validate } from "../../../operator/api/validate.ts";
import type { ApiClient, ObjectInput } from "../../../operator/runtime/client.ts";
import { apiServer } from "../../support/api-server.ts";
import { crd, kinds, freshNamespace, removeNamespace } from "../../../tools/objects.ts";
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

/** Server-side apply with strict validation. Each document has an object of its own, so none changes another's. */
async function apply(document: object) {
  const { metadata, ...rest } = document as ObjectInput;
  const object = { ...rest, metadata: { ...metadata, namespace } };
  const stored = await client.apply(kinds.DemoApp, object, { fieldManager: "documents", force: true });
  await client.delete(kinds.DemoApp, { name: metadata.name, namespace });
  return stored;
}

describe("a document put to the real API server", () => {
  test("finds the CRD served, and structural", async () => {
    const { status } = await client.get(kinds.CustomResourceDefinition, { name: crd().metadata.name });
    const conditions = (status as { conditions: { type: string; status: string }[] }).conditions;
    expect(
      conditions
        .filter((condition) => condition.status === "True")
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(["Established", "NamesAccepted"]);
  });

  test.each(documents.filter(({ refused }) => refused === undefined))(
    "$name is accepted, with the defaults that zod fills in",
    async ({ document }) => {
      const stored = parseStored(await apply(document));
      const offline = validate(document);
      expect(stored).toMatchObject({ ok: true });
      expect(stored.ok && stored.app.spec).toEqual(offline.ok && offline.app.spec);
    },
  );

  test.each(documents.filter(({ refused }) => refused !== undefined))(
    "$name is refused with the same sentence",
    async ({ document, refused: { path = "", says = "", server } = {} }) => {
      const refusal = apply(document);
      await expect(refusal).rejects.toThrow(server ?? says);
      if (server === undefined) await expect(refusal).rejects.toThrow(path);
    },
  );
});
