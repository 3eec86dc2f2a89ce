import { describe, expect, test } from "@jest/globals";
import { forked } from "../../tools/fork.ts";

const from = { owner: "acme", name: "demoapp-operator" };
const to = { owner: "Some-Org", name: "my-apps", personal: false };
const personal = { owner: "Jo", name: "my-apps", personal: true };

describe("forked", () => {
  test.each([
    [
      "an image: in lower case, with its name",
      "ghcr.io/acme/demoapp-operator:1",
      "ghcr.io/some-org/demoapp-operator:1",
    ],
    ["a URL", "https://github.com/acme/demoapp-operator.git", "https://github.com/Some-Org/my-apps.git"],
    ["an SSH address", "git@github.com:acme/demoapp-operator.git", "git@github.com:Some-Org/my-apps.git"],
    ["an option", "--repo acme/demoapp-operator \\", "--repo Some-Org/my-apps \\"],
    ["teams", "/crds/  @acme/platform @acme/sre", "/crds/  @Some-Org/platform @Some-Org/sre"],
    ["a group", "g, acme:sre, role:x", "g, Some-Org:sre, role:x"],
    ["the name of an object", "name: demoapp-operator", "name: demoapp-operator"],
    ["a longer name", "x/acme/demoapp-operator-2", "x/acme/demoapp-operator-2"],
  ])("%s", (_, text, expected) => {
    expect(forked(text, from, to)).toBe(expected);
  });

  test("a personal account, which has no teams: its user reviews, named once", () => {
    expect(forked("*  @acme/platform @acme/security", from, personal)).toBe("*  @Jo");
  });

  test("the fork of a personal fork, for an organization: a team reviews", () => {
    expect(forked("*  @Jo", { owner: "Jo", name: "my-apps" }, to)).toBe("*  @Some-Org/platform");
    expect(forked("ghcr.io/jo/demoapp-webapp", { owner: "Jo", name: "my-apps" }, to)).toBe(
      "ghcr.io/some-org/demoapp-webapp",
    );
  });
});
