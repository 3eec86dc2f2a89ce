import { describe, expect, test } from "@jest/globals";
import { adoptBy, formerAdopt, selectorOf } from "../../../operator/api/names.ts";
import { writeBlockersOf } from "../../../operator/core/writeblockers.ts";
import type { Manifest, Metadata } from "../../../operator/core/manifest.ts";
import { type Ownership, ownershipOf } from "../../../operator/core/ownership.ts";
import { app, at, observed, owner } from "./objects.ts";

const ownLabels = selectorOf("web", "stable");
const ofCandidate = selectorOf("web", "candidate");

const object = (kind: string, metadata: Partial<Metadata>, selected: object = ownLabels): Manifest => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name: "web", ...metadata },
  spec: { selector: kind === "Deployment" ? { matchLabels: selected } : selected },
});

interface Row {
  readonly name: string;
  readonly live: Manifest | undefined;
  readonly expect: Ownership;
}

test.each<Row>([
  { name: "no object has the name", live: undefined, expect: "free" },
  {
    name: "this DemoApp owns the Deployment",
    live: object("Deployment", { ownerReferences: [owner] }),
    expect: "owned",
  },
  {
    name: "the Deployment has no owner, but this app's labels and selector",
    live: object("Deployment", { labels: ownLabels }),
    expect: "adoptable",
  },
  {
    name: "the preview Service has no owner, but the labels and the selector of this app's candidate",
    live: object("Service", { name: "web-preview", labels: ofCandidate }, ofCandidate),
    expect: "adoptable",
  },
  {
    name: "the Deployment has this app's labels, but another selector, which is immutable",
    live: object("Deployment", { labels: ownLabels }, { app: "web" }),
    expect: "taken",
  },
  {
    name: "the Deployment has no owner and another app's labels",
    live: object("Deployment", { labels: { app: "web" } }),
    expect: "taken",
  },
  {
    name: "another controller owns the Deployment",
    live: object("Deployment", {
      labels: ownLabels,
      ownerReferences: [{ ...owner, kind: "Rollout", uid: "x" }],
    }),
    expect: "taken",
  },
  {
    name: "a deleted DemoApp of the same name owns the Deployment, which the garbage collector deletes",
    live: object("Deployment", { labels: ownLabels, ownerReferences: [{ ...owner, uid: "uid-earlier" }] }),
    expect: "terminating",
  },
  {
    name: "this DemoApp owns the Deployment, which has a deletion timestamp",
    live: object("Deployment", { ownerReferences: [owner], deletionTimestamp: at(0) }),
    expect: "terminating",
  },
  {
    name: "the Service has no owner and another app's labels",
    live: object("Service", { labels: { app: "web" } }),
    expect: "taken",
  },
  {
    name: "the Service has no owner, but this app's labels and selector",
    live: object("Service", { labels: ownLabels }),
    expect: "adoptable",
  },
  {
    name: "the Service has this app's labels, but selects other pods, so that adopting it would redirect it",
    live: object("Service", { labels: ownLabels }, { app: "web" }),
    expect: "taken",
  },
  {
    name: "the Service has this app's labels and no selector",
    live: { ...object("Service", { labels: ownLabels }), spec: {} },
    expect: "taken",
  },
  {
    name: "the Service has this app's labels and an owner that is not its controller",
    live: object("Service", {
      labels: ownLabels,
      ownerReferences: [{ ...owner, kind: "Team", uid: "t", controller: false }],
    }),
    expect: "adoptable",
  },
])("$name: the ownership is $expect", ({ live, expect: expected }) => {
  expect(ownershipOf(app(), live)).toBe(expected);
});

describe("consent to an adoption", () => {
  const consent = { annotations: { [adoptBy]: "web" } };
  const taking = app({ annotations: { [formerAdopt]: "service", ...consent.annotations } });

  test("the Service names the app: adoptable, so that its cluster IP stays the same", () => {
    expect(ownershipOf(app(), object("Service", consent))).toBe("adoptable");
  });
  test("the Service names another app: taken", () => {
    expect(ownershipOf(app(), object("Service", { annotations: { [adoptBy]: "shop" } }))).toBe("taken");
  });
  test("the Service names the app, but has another controller: taken", () => {
    const controlled = { ...consent, ownerReferences: [{ ...owner, kind: "Route", uid: "x" }] };
    expect(ownershipOf(app(), object("Service", controlled))).toBe("taken");
  });
  test("a Deployment names the app: taken", () => {
    expect(ownershipOf(app(), object("Deployment", consent))).toBe("taken");
  });
  test("only the DemoApp has the annotations: taken, because the taker wrote them", () => {
    expect(ownershipOf(taking, object("Service", {}))).toBe("taken");
  });
  test("the DemoApp has the former annotation: the blocker says that it is no longer read, and names the new one", () => {
    const { next } = writeBlockersOf(observed({ app: taking, service: object("Service", {}) }))[0] ?? {};
    expect(next).toBe(
      "Ask the owner of the Service to hand it over (kubectl -n team annotate service web demoapp.dev/adopt-by=web), " +
        "or delete or rename the Service. The annotation demoapp.dev/adopt of the DemoApp is no longer read.",
    );
  });
});

describe("the blockers of all writes", () => {
  test("all names are free: no blocker", () => {
    expect(writeBlockersOf(observed())).toEqual([]);
  });

  test.each([
    {
      name: "the name of the Service is taken: the next step is to ask its owner, or to delete the Service",
      state: { service: object("Service", {}) },
      reason: "NameTaken",
      next: `kubectl -n team annotate service web ${adoptBy}=web`,
    },
    {
      name: "the name of the Deployment is taken: the next step is to delete the Deployment",
      state: { deployment: object("Deployment", {}) },
      reason: "NameTaken",
      next: "kubectl -n team delete deployment web",
    },
    {
      name: "another controller owns the Service: the next step is to delete the Service",
      state: { service: object("Service", { ownerReferences: [{ ...owner, kind: "Route", uid: "x" }] }) },
      reason: "NameTaken",
      next: "kubectl -n team delete service web",
    },
    {
      name: "the Deployment is terminating: the next step is to wait",
      state: { deployment: object("Deployment", { deletionTimestamp: at(0) }) },
      reason: "NameInDeletion",
      next: "Wait until Deployment/web is deleted",
    },
    {
      name: "the operator lacks a permission: the next step is to apply deploy/operator again",
      state: {
        refused: {
          object: "Service/web",
          status: 403,
          message:
            'services "web" is forbidden: User "operator" cannot patch resource "services" in API group ""',
        },
      },
      reason: "PermissionMissing",
      next: "Apply deploy/operator or deploy/namespaced again",
    },
    {
      name: "an admission webhook refuses the Deployment: the next step names webhooks and policies",
      state: {
        refused: {
          object: "Deployment/web",
          status: 403,
          message: 'admission webhook "policy.example" denied the request: no',
        },
      },
      reason: "AdmissionRefused",
      next: "webhook or policy",
    },
    {
      name: "an admission policy refuses the Deployment: the next step names webhooks and policies",
      state: {
        refused: {
          object: "Deployment/web",
          status: 422,
          message: "ValidatingAdmissionPolicy 'deny' with binding 'deny' denied request: no",
        },
      },
      reason: "AdmissionRefused",
      next: "webhook or policy",
    },
    {
      name: "the API server refuses a field: the next step is to edit the DemoApp",
      state: { refused: { object: "Deployment/web", status: 422, message: "spec.template: Invalid value" } },
      reason: "ApplyRefused",
      next: "kubectl -n team edit demoapp web",
    },
  ])("$name", ({ state, reason, next }) => {
    const [blocker, ...others] = writeBlockersOf(observed(state));
    expect(others).toEqual([]);
    expect(blocker).toMatchObject({ reason, next: expect.stringContaining(next) as unknown });
    expect(blocker?.object).toMatch(/^(Deployment|Service)\/web$/);
  });
});
