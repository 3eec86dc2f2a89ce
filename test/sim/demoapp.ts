import { customResourceDefinition } from "../../operator/api/crd.ts";
import { validate } from "../../operator/api/validate.ts";
import { fieldsOf } from "./apiserver/json.ts";
import { customKind } from "./apiserver/kinds/crd.ts";
import type { Kind } from "./apiserver/kinds/kind.ts";

/** DemoApp as the repository's CRD defines it. The operator's own validation stands in for the CRD's rules. */
export const demoAppKind = (): Kind =>
  customKind({
    crd: fieldsOf(customResourceDefinition()),
    check: (object) => {
      const checked = validate(object);
      if (checked.ok) return [];
      return checked.problems.map(({ path, message }) => ({
        reason: "FieldValueInvalid",
        field: path,
        message,
      }));
    },
  });
