import type { Refusal } from "./observed.ts";

/** Matches the message of a request that a ResourceQuota refused. */
export const quotaMessage = /exceeded quota|failed quota/i;

/**
 * True for messages of an admission webhook, of a webhook that can't be reached, or of an admission policy. The
 * HTTP status doesn't tell: webhooks choose any status, and policies answer 422, as for an invalid field.
 */
export const isAdmissionMessage = (message: string): boolean =>
  /admission webhook|failed calling webhook|ValidatingAdmissionPolicy/i.test(message);

/** True if RBAC refused the request. */
export const isPermissionRefusal = ({ status, message }: Refusal): boolean =>
  status === 403 && / cannot \w+ resource /.test(message);
