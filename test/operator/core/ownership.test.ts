import { describe, expect, test } from "@jest/globals";
import { annotations, selectorOf } from "../../../operator/api/names.ts";
import { writeBlockersOf } from "../../../operator/core/writeblockers.ts";
import type { Manifest, Metadata } from "../../../operator/core/manifest.ts";
import { type Ownership, ownershipOf } from "../../../operator/core/ownership.ts";
import { app, at, observed, owner } from "./objects.ts";
import { commanded } from "./situations.ts";

const ours = selectorOf("web", "stable");

const object = (kind: string, metadata: Partial<Metadata>, matchLabels: object = ours): Manifest => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name: "web", ...metadata },
  spec: { selector: { matchLabels } },
});

interface Row {
  readonly name: string;
  readonly live: Manifest | undefined;
  readonly expect: Ownership;
}

test.each<Row>([
  { name: "none there: the name is free", live: undefined, expect: "free" },
  {
    name: "owned by this DemoApp",
    live: object("Deployment", { ownerReferences: [owner] }),
    expect: "owned",
  },
  {
    name: "an orphan of ours, labels and selector alike: adopted",
    live: object("Deployment", { labels: ours }),
    expect: "adoptable",
  },
  {
    name: "our labels, but another selector, which can't be changed",
    live: object("Deployment", { labels: ours }, { app: "web" }),
    expect: "taken",
  },
  {
    name: "a stranger's Deployment",
    live: object("Deployment", { labels: { app: "web" } }),
    expect: "taken",
  },
  {
    name: "another controller's",
    live: object("Deployment", { labels: ours, ownerReferences: [{ ...owner, kind: "Rollout", uid: "x" }] }),
    expect: "taken",
  },
  {
    name: "of a DemoApp of the same name that is gone: the garbage collector takes it",
    live: object("Deployment", { labels: ours, ownerReferences: [{ ...owner, uid: "uid-earlier" }] }),
    expect: "terminating",
  },
  {
    name: "being deleted, even if it is ours",
    live: object("Deployment", { ownerReferences: [owner], deletionTimestamp: at(0) }),
    expect: "terminating",
  },
  { name: "a stranger's Service", live: object("Service", { labels: { app: "web" } }), expect: "taken" },
  { name: "an orphaned Service of ours", live: object("Service", { labels: ours }), expect: "adoptable" },
  {
    name: "an owner that doesn't control it is no obstacle",
    live: object("Service", {
      labels: ours,
      ownerReferences: [{ ...owner, kind: "Team", uid: "t", controller: false }],
    }),
    expect: "adoptable",
  },
])("$name: $expect", ({ live, expect: expected }) => {
  expect(ownershipOf(app(), live)).toBe(expected);
});

describe("a stranger's Service under demoapp.dev/adopt: service", () => {
  const adopting = commanded("app:1", { adopt: "service" });

  test("is adopted, so that its cluster IP stays", () => {
    expect(ownershipOf(adopting, object("Service", {}))).toBe("adoptable");
  });
  test("is not if another controller has it", () => {
    const controlled = { ownerReferences: [{ ...owner, kind: "Route", uid: "x" }] };
    expect(ownershipOf(adopting, object("Service", controlled))).toBe("taken");
  });
  test("is adopted, and a Deployment is not", () => {
    expect(ownershipOf(adopting, object("Deployment", {}))).toBe("taken");
  });
});

describe("what holds every write", () => {
  test("nothing, when all names are free", () => {
    expect(writeBlockersOf(observed())).toEqual([]);
  });

  test.each([
    {
      name: "a Service whose name is taken: adopt it, or get rid of it",
      of: { service: object("Service", {}) },
      reason: "NameTaken",
      next: `kubectl -n team annotate demoapp web ${annotations.adopt}=service`,
    },
    {
      name: "a Deployment whose name is taken: there is no adopting it",
      of: { deployment: object("Deployment", {}) },
      reason: "NameTaken",
      next: "kubectl -n team delete deployment web",
    },
    {
      name: "a Service of another controller: there is no adopting it",
      of: { service: object("Service", { ownerReferences: [{ ...owner, kind: "Route", uid: "x" }] }) },
      reason: "NameTaken",
      next: "kubectl -n team delete service web",
    },
    {
      name: "an object that is going: nothing is to be done",
      of: { deployment: object("Deployment", { deletionTimestamp: at(0) }) },
      reason: "NameInDeletion",
      next: "Wait until Deployment/web is deleted",
    },
    {
      name: "a permission that the operator lacks",
      of: {
        refused: {
          object: "Service/web",
          status: 403,
          message:
            'services "web" is forbidden: User "operator" cannot patch resource "services" in API group ""',
        },
      },
      reason: "PermissionMissing",
      next: "Apply deploy/operator again",
    },
    {
      name: "an admission webhook that says no",
      of: {
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
      name: "an admission policy that says no",
      of: {
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
      name: "a field that the API server refuses",
      of: { refused: { object: "Deployment/web", status: 422, message: "spec.template: Invalid value" } },
      reason: "ApplyRefused",
      next: "kubectl -n team edit demoapp web",
    },
  ])("$name", ({ of, reason, next }) => {
    const [hold, ...others] = writeBlockersOf(observed(of));
    expect(others).toEqual([]);
    expect(hold).toMatchObject({ reason, next: expect.stringContaining(next) as unknown });
    expect(hold?.object).toMatch(/^(Deployment|Service)\/web$/);
  });
});
