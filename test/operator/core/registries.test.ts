import { describe, expect, test } from "@jest/globals";
import { imageIsMissing } from "../../../operator/core/health.ts";
import { bestMs } from "./cost.ts";
import { waiting } from "./objects.ts";

describe("error messages of kubelets and registries about an image", () => {
  const digest = "sha256:4013f40100000000000000000000000000000000000000000000000000004030";

  test.each([
    {
      name: "containerd reports a missing tag",
      message:
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nope": failed to resolve reference "docker.io/library/nginx:nope": docker.io/library/nginx:nope: not found',
      missing: true,
    },
    {
      name: "the kubelet is in backoff after a missing tag",
      message:
        'Back-off pulling image "ghcr.io/acme/app:9": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/acme/app:9": failed to resolve reference "ghcr.io/acme/app:9": ghcr.io/acme/app:9: not found',
      missing: true,
    },
    {
      name: "CRI-O reports an unknown manifest",
      message: "reading manifest nope in docker.io/library/nginx: manifest unknown",
      missing: true,
    },
    {
      name: "ECR reports a missing repository",
      message:
        "name unknown: The repository with name 'app' does not exist in the registry with id '123456789012'",
      missing: true,
    },
    {
      name: "the digest of a missing image contains an HTTP status",
      message: `code = NotFound desc = failed to resolve reference "r.example/app@${digest}": r.example/app@${digest}: not found`,
      missing: true,
    },
    {
      name: "the name of a missing image contains words of other errors",
      message:
        'code = NotFound desc = failed to resolve reference "r.example/timeout-denied:403": r.example/timeout-denied:403: not found',
      missing: true,
    },
    {
      name: "Docker Hub does not distinguish private from missing repositories",
      message:
        'failed to resolve reference "docker.io/acme/app:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      missing: false,
    },
    {
      name: "GHCR does not distinguish private from missing repositories",
      message:
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fapp%3Apull&service=ghcr.io: 403 Forbidden",
      missing: false,
    },
    {
      name: "GHCR refuses the credentials",
      message: "failed to authorize: unexpected status: 401 Unauthorized",
      missing: false,
    },
    {
      name: "ECR reports expired credentials",
      message:
        "pull access denied: denied: Your authorization token has expired. Reauthenticate and try again.",
      missing: false,
    },
    {
      name: "Docker Hub reports its pull rate limit",
      message:
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
      missing: false,
    },
    {
      name: "the host name of the registry can't be resolved",
      message: "dial tcp: lookup registry.example on 10.96.0.10:53: no such host",
      missing: false,
    },
    {
      name: "the registry can't be reached",
      message:
        'failed to do request: Head "https://r.example/v2/app/manifests/1": dial tcp 192.0.2.1:443: i/o timeout',
      missing: false,
    },
    {
      name: "a mirror lacks the manifest and the proxy is down",
      message: "mirror: not found, then dial tcp 192.0.2.1:443: connect: connection refused",
      missing: false,
    },
    { name: "the message names no cause", message: 'Back-off pulling image "app:2"', missing: false },
  ])("$name: imageIsMissing is $missing", ({ message, missing }) => {
    expect(imageIsMissing(waiting("ImagePullBackOff", message))).toBe(missing);
    expect(imageIsMissing(waiting("ErrImagePull", message))).toBe(missing);
  });

  test("a container waits for a missing ConfigMap: the image is not missing", () => {
    expect(imageIsMissing(waiting("CreateContainerConfigError", 'configmap "c": not found'))).toBe(false);
  });
});

// A pattern that looks for a slash from every start takes 10 s.
test("a message is a word of 100,000 characters without a slash: read in time proportional to its length", () => {
  const container = waiting("ErrImagePull", `: not found${"a".repeat(100_000)}`);
  expect(imageIsMissing(container)).toBe(true);
  expect(bestMs(imageIsMissing, () => container)).toBeLessThan(1000);
});
