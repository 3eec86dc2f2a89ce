import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Fields } from "../../../operator/core/manifest.ts";
import { type Edit, derivedEdits, foreignServices, staleEdits } from "./derivedcases.ts";
import { AppObject, type Server, deploymentKind, serviceKind } from "./derivedobjects.ts";

/** The pod spec of a first install, the pod spec after an edit of the spec, and what is left to apply then. */
async function rollOut(deployment: AppObject, { before, after }: Edit) {
  const fresh = await deployment.firstInstall(after);
  await deployment.install(before);
  const edited = await deployment.converge(after);
  return { fresh, edited, rest: await deployment.rest(after) };
}

/** The pod specs after an edit under an older operator, its upgrade and another edit; and those of first installs. */
async function upgrade(deployment: AppObject, { before, after }: Edit) {
  const next = { ...after, port: 9090 };
  const [correct, fresh] = [await deployment.firstInstall(after), await deployment.firstInstall(next)];
  await deployment.install(before);
  const old = await deployment.install(after);
  const upgraded = await deployment.converge(after);
  return { correct, old, upgraded, edited: await deployment.converge(next), fresh };
}

const installed = { image: "app:1" };

/** The pod spec at first, after another manager applied fields of the pod, and after the operator reverted them. */
async function override(deployment: AppObject, pod: Fields) {
  const clean = await deployment.install(installed);
  const dirty = await deployment.apply({ template: { spec: pod } }, "stranger");
  return { clean, dirty, reverted: await deployment.converge(installed) };
}

/** The Service of a first install, a Service of another manager after its adoption, and what is left to apply then. */
async function adopt(service: AppObject, foreign: Fields) {
  const fresh = await service.firstInstall(installed);
  await service.apply(foreign, "stranger");
  const adopted = await service.converge(installed);
  return { fresh, adopted, rest: await service.rest(installed) };
}

const nothing = { apply: false, takeOver: [] };

/** The tests of derived fields. The fake and the real API server must give the same results. */
export function derivedSuite(name: string, start: () => Promise<Server>): void {
  let server: Server;
  let object: AppObject;
  let count = 0;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());
  afterEach(() => object.delete());

  describe(`fields of a Deployment that the API server derives from others, at ${name}`, () => {
    beforeEach(() => {
      count += 1;
      object = new AppObject(deploymentKind, server, `derived-${count}`);
    });

    test.each(derivedEdits)(
      "$name: the pods are those of a first install, and nothing is left to apply",
      async (edit) => {
        const { fresh, edited, rest } = await rollOut(object, edit);
        expect(fresh).toMatchObject(edit.pod);
        expect(edited).toEqual(fresh);
        expect(rest).toMatchObject(nothing);
      },
    );

    test.each(staleEdits)(
      "$name since an older operator: an upgrade keeps the old value, the next rollout corrects it",
      async (edit) => {
        const { correct, old, upgraded, edited, fresh } = await upgrade(object, edit);
        expect(old).not.toEqual(correct);
        expect(upgraded).toEqual(old);
        expect(edited).toEqual(fresh);
      },
    );

    test.each(["serviceAccountName", "serviceAccount"])(
      "another manager applies %s: the operator removes both names of the field",
      async (field) => {
        const { clean, dirty, reverted } = await override(object, { [field]: "stranger" });
        expect(dirty).toMatchObject({ serviceAccountName: "stranger", serviceAccount: "stranger" });
        expect(reverted).toEqual(clean);
      },
    );
  });

  describe(`fields of a Service that the API server derives from others, at ${name}`, () => {
    beforeEach(() => {
      count += 1;
      object = new AppObject(serviceKind, server, `derived-${count}`);
    });

    test.each(foreignServices)(
      "$name is adopted: its spec is that of a first install, and nothing is left to apply",
      async ({ foreign }) => {
        const { fresh, adopted, rest } = await adopt(object, foreign);
        expect(adopted).toEqual(fresh);
        expect(rest).toMatchObject(nothing);
      },
    );

    test("the port of the Service changes: its spec is that of a first install", async () => {
      const next = { ...installed, service: { port: 81 } };
      const fresh = await object.firstInstall(next);
      await object.install(installed);
      expect(await object.converge(next)).toEqual(fresh);
    });
  });
}
