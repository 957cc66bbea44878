/** A cell of CSV (RFC 4180) with text, which no program takes for a formula: it gets an apostrophe in front (OWASP, CSV Injection). */
export function cellOf(text: string): string {
  return quoted(formula.test(text) && !number.test(text) ? `'${text}` : text)
}

// The full-width forms too: spreadsheets in Japanese take them for the same. And behind what does not show: some programs
// leave out spaces, marks of direction and the like before they look.
const formula = /^[\t\r\n]|^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u
const number = /^[+-]?\d+(\.\d+)?$/

/** A cell as it is. Also where other separators are in it: a program that divides at semicolons must not find a cell of its own in a text. */
export const quoted = (text: string) => (/[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
