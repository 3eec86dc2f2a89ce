/** Characters that Go's encoding/json escapes, and those that YAML does not allow: JSON allows them all as they are. */
const escaped = /[<>&\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * A value as JSON that every part of the API server reads alike. It parses an apply as YAML. And it compares the immutable
 * `data` of a ControllerRevision byte by byte: it keeps the bytes of a POST, spells them anew for a PATCH, and refuses the
 * patch if they differ.
 */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    escaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
