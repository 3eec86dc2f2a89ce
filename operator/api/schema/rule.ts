import type * as z from "zod";

/** One rule for two engines: the API server evaluates `cel`, `validate` calls `holds`. Both report the same message. */
export type Rule<T> = {
  /** CEL over `self`. It runs before the API server adds the defaults of nested fields, so it needs `has()`. */
  readonly cel: string;
  /** Names the field and the fix. */
  readonly message: string;
  /** The message with the value: a CEL expression, and a function for `validate`. If empty, `message` is used. */
  readonly naming?: { readonly cel: string; readonly message: (value: T) => string | undefined };
  /** The path of the reported field, relative to the value that has the rule. */
  readonly at?: readonly string[];
  readonly holds: (value: T) => boolean;
};

/** The rules in the format of a CustomResourceDefinition. */
export const validations = (rules: readonly Pick<Rule<never>, "cel" | "message" | "naming" | "at">[]) => ({
  "x-kubernetes-validations": rules.map(({ cel, message, naming, at }) => ({
    rule: cel,
    message,
    ...(naming && { messageExpression: naming.cel }),
    ...(at && { fieldPath: `.${at.join(".")}` }),
  })),
});

/** Adds rules to a schema for `validate` alone. */
export const refined = <S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S =>
  schema.superRefine((value, context) => {
    for (const { holds, message, naming, at = [] } of rules) {
      if (!holds(value)) {
        context.addIssue({ code: "custom", message: naming?.message(value) ?? message, path: [...at] });
      }
    }
  });

/** Adds rules to a schema for both engines. Only the description and the default may follow this call. */
export const withRules = <S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S =>
  refined(schema, rules).meta(validations(rules));

/** A rule with a pattern. RE2 and JavaScript must read the pattern alike: no look-ahead, no `\\s`. */
export const matches = (pattern: string, message: string): Rule<string> => {
  const expression = new RegExp(pattern);
  return { cel: `self.matches(${quoted(pattern)})`, message, holds: (value) => expression.test(value) };
};

/** A CEL string literal. */
export const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
