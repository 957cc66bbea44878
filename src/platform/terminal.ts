/**
 * A text that somebody else wrote as one line for a terminal: control characters, which could move the cursor, colour or
 * hide what stands there, and those that turn the direction of writing are written out.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, it => `\\u{${it.codePointAt(0)?.toString(16)}}`)

/** The same of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')
