import { describe, expect, test } from "@jest/globals";
import { imageIsMissing } from "../../../operator/core/health.ts";
import { waiting } from "./objects.ts";

describe("what kubelets and registries say of an image", () => {
  const digest = "sha256:4013f40100000000000000000000000000000000000000000000000000004030";

  test.each([
    {
      name: "containerd, a missing tag",
      message:
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nope": failed to resolve reference "docker.io/library/nginx:nope": docker.io/library/nginx:nope: not found',
      missing: true,
    },
    {
      name: "the kubelet between two tries",
      message:
        'Back-off pulling image "ghcr.io/acme/app:9": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/acme/app:9": failed to resolve reference "ghcr.io/acme/app:9": ghcr.io/acme/app:9: not found',
      missing: true,
    },
    {
      name: "CRI-O",
      message: "reading manifest nope in docker.io/library/nginx: manifest unknown",
      missing: true,
    },
    {
      name: "ECR, a missing repository",
      message:
        "name unknown: The repository with name 'app' does not exist in the registry with id '123456789012'",
      missing: true,
    },
    {
      name: "a digest in which an HTTP status can be read",
      message: `code = NotFound desc = failed to resolve reference "r.example/app@${digest}": r.example/app@${digest}: not found`,
      missing: true,
    },
    {
      name: "an image whose name reads like a failure",
      message:
        'code = NotFound desc = failed to resolve reference "r.example/timeout-denied:403": r.example/timeout-denied:403: not found',
      missing: true,
    },
    {
      name: "Docker Hub, private or missing: it won't say",
      message:
        'failed to resolve reference "docker.io/acme/app:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      missing: false,
    },
    {
      name: "GHCR, private or missing: it won't say",
      message:
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fapp%3Apull&service=ghcr.io: 403 Forbidden",
      missing: false,
    },
    {
      name: "GHCR, unauthorized",
      message: "failed to authorize: unexpected status: 401 Unauthorized",
      missing: false,
    },
    {
      name: "ECR, credentials that have run out",
      message:
        "pull access denied: denied: Your authorization token has expired. Reauthenticate and try again.",
      missing: false,
    },
    {
      name: "Docker Hub's pull limit",
      message:
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
      missing: false,
    },
    {
      name: "a registry whose name can't be resolved",
      message: "dial tcp: lookup registry.example on 10.96.0.10:53: no such host",
      missing: false,
    },
    {
      name: "a registry that can't be reached",
      message:
        'failed to do request: Head "https://r.example/v2/app/manifests/1": dial tcp 192.0.2.1:443: i/o timeout',
      missing: false,
    },
    {
      name: "a proxy that is down while the manifest was not found in a mirror",
      message: "mirror: not found, then dial tcp 192.0.2.1:443: connect: connection refused",
      missing: false,
    },
    { name: "no word of it", message: 'Back-off pulling image "app:2"', missing: false },
  ])("$name: missing $missing", ({ message, missing }) => {
    expect(imageIsMissing(waiting("ImagePullBackOff", message))).toBe(missing);
    expect(imageIsMissing(waiting("ErrImagePull", message))).toBe(missing);
  });

  test("the same words of a container that waits for something else say nothing of an image", () => {
    expect(imageIsMissing(waiting("CreateContainerConfigError", 'configmap "c": not found'))).toBe(false);
  });
});
