/**
 * The first `length` UTF-16 units. A cut text is a copy: `slice` returns a view, which keeps the whole text in memory as
 * long as the part.
 */
export const shorten = (text: string, length: number): string =>
  text.length <= length ? text : Buffer.from(text.slice(0, length)).toString();
