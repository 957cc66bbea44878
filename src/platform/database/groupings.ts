/** Parts of SQL: what is quoted, brackets, and what is between them. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|[()]|[^'"$()]+|\$/g

/** What stands in brackets, with the one operator that joins it on its level. */
type Group = { text: string; operator: ' AND ' | ' OR ' | undefined }

type Part = string | Group

/**
 * SQL as PostgreSQL writes it, with `((a AND b) AND c)` as `(a AND b AND c)`. The server keeps the brackets of a condition as
 * it was first read, and writes others after a dump: BETWEEN is two conditions in brackets of their own at first.
 */
export function withoutGroupings(sql: string): string {
  const open: Part[][] = [[]]
  for (const [token] of sql.matchAll(tokens)) {
    if (token === '(') open.push([])
    else if (token === ')' && open.length > 1) {
      const group = groupOf(open.pop() ?? [])
      open.at(-1)?.push(group)
    } else open.at(-1)?.push(token)
  }
  return open.map(parts => parts.map(part => textOf(part)).join('')).join('(')
}

function groupOf(parts: readonly Part[]): Group {
  const between = parts.filter(part => typeof part === 'string').join('')
  const operators = new Set(between.match(/ (?:AND|OR) /g))
  const operator = operators.size !== 1 ? undefined : operators.has(' AND ') ? ' AND ' : ' OR '
  const text = parts.map((part, index) => {
    // Not what a function is given, nor what NOT is said of.
    const isOperand =
      operator !== undefined &&
      textOf(parts[index - 1] ?? operator).endsWith(operator) &&
      textOf(parts[index + 1] ?? operator).startsWith(operator)
    return textOf(part, isOperand ? operator : undefined)
  })
  return { text: text.join(''), operator }
}

/** Without its brackets where what is around it is joined by the same operator. */
function textOf(part: Part, around?: Group['operator']): string {
  if (typeof part === 'string') return part
  return around !== undefined && part.operator === around ? part.text : `(${part.text})`
}
