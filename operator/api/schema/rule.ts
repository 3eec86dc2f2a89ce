import type * as z from "zod";

/** One rule for two engines: the API server evaluates the CEL, `validate` calls `holds`; both say the same. */
export type Rule<T> = {
  /** CEL over `self`. Runs before the defaults of nested fields are there, so it guards with `has()`. */
  readonly cel: string;
  /** A sentence with the field and the fix. */
  readonly message: string;
  /** The sentence with the value in it: as a CEL expression, and for `validate`. Empty: `message` is said. */
  readonly naming?: { readonly cel: string; readonly message: (value: T) => string | undefined };
  /** Where to report it, below the value that the rule is on. */
  readonly at?: readonly string[];
  readonly holds: (value: T) => boolean;
};

/** The rules as a CustomResourceDefinition spells them. */
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

/** Adds rules to a schema for both engines. Call it after everything but the description and the default. */
export const withRules = <S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S =>
  refined(schema, rules).meta(validations(rules));

/** A rule that a pattern decides. Keep to what RE2 and JavaScript read alike: no look-ahead, no `\\s`. */
export const matches = (pattern: string, message: string): Rule<string> => {
  const expression = new RegExp(pattern);
  return { cel: `self.matches(${quoted(pattern)})`, message, holds: (value) => expression.test(value) };
};

/** A CEL string literal. */
export const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
