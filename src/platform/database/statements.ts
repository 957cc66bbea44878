/** One statement of a SQL text: without its semicolon and the comments before it; `line` counts from 1. */
export type SqlStatement = { text: string; line: number; words: string }

/**
 * Splits a SQL text at the semicolons that end statements, as psql does: not those in strings, quoted names, dollar
 * quotes, comments (which nest), parentheses (`create rule … do (…; …)`) or the body of `begin atomic`.
 * `words` is the statement in lower case without comments, one space between tokens; strings and quoted names stay.
 */
export function splitStatements(sql: string): SqlStatement[] {
  const statements: SqlStatement[] = []
  let current: Token[] = []
  let parentheses = 0
  let bodies = 0
  const finish = () => {
    const first = current[0]
    const last = current.at(-1)
    if (first && last) {
      statements.push({
        text: sql.slice(first.start, last.start + last.text.length),
        line: lineAt(sql, first.start),
        words: wordsOf(current),
      })
    }
    current = []
    parentheses = 0
    bodies = 0
  }
  for (const token of tokensOf(sql)) {
    if (token.kind === 'space' || token.kind === 'comment') continue
    if (token.text === ';' && parentheses === 0 && bodies === 0) {
      finish()
      continue
    }
    if (token.text === '(') parentheses++
    if (token.text === ')' && parentheses > 0) parentheses--
    current.push(token)
    if (token.kind === 'word' && parentheses === 0 && isRoutine(current)) {
      const word = token.text.toLowerCase()
      if (word === 'begin') bodies++
      if (word === 'case' && bodies > 0) bodies++
      if (word === 'end' && bodies > 0) bodies--
    }
  }
  finish()
  return statements
}

export function lineAt(sql: string, offset: number): number {
  return sql.slice(0, offset).split('\n').length
}

export type Token = { kind: 'space' | 'comment' | 'string' | 'name' | 'word' | 'symbol'; text: string; start: number }

const wordStart = /[\p{L}_\u0080-\uffff]/u
const identifier = /[\p{L}_\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*/uy
const dollarQuote = /\$(?:[\p{L}_\u0080-\uffff][\p{L}\p{N}_\u0080-\uffff]*)?\$/uy
const space = /\s+/y
const number = /\d[\p{L}\p{N}_.]*/uy

/** Every character of the text in exactly one token, in order. An unterminated token reaches to the end. */
export function* tokensOf(sql: string): Generator<Token> {
  let at = 0
  while (at < sql.length) {
    const start = at
    const kind = kindAt(sql, at)
    at = endOf(sql, at, kind)
    yield { kind, text: sql.slice(start, at), start }
  }
}

function kindAt(sql: string, at: number): Token['kind'] {
  const here = sql[at] as string
  const next = sql[at + 1]
  if (/\s/.test(here)) return 'space'
  if ((here === '-' && next === '-') || (here === '/' && next === '*')) return 'comment'
  if (here === "'" || ((here === 'e' || here === 'E') && next === "'")) return 'string'
  if (here === '$' && match(dollarQuote, sql, at)) return 'string'
  if (here === '"') return 'name'
  return wordStart.test(here) ? 'word' : 'symbol'
}

function endOf(sql: string, at: number, kind: Token['kind']): number {
  switch (kind) {
    case 'space':
      return at + (match(space, sql, at)?.length ?? 1)
    case 'comment':
      return sql[at] === '-' ? endOfLine(sql, at) : endOfBlockComment(sql, at)
    case 'name':
      return endOfQuoted(sql, at + 1, '"', false)
    case 'string': {
      if (sql[at] === "'") return endOfQuoted(sql, at + 1, "'", false)
      if (sql[at] !== '$') return endOfQuoted(sql, at + 2, "'", true)
      const tag = match(dollarQuote, sql, at) as string
      const end = sql.indexOf(tag, at + tag.length)
      return end < 0 ? sql.length : end + tag.length
    }
    case 'word':
      return at + (match(identifier, sql, at)?.length ?? 1)
    case 'symbol':
      // A number is one token, so that `1$a$` or `1e'` does not start a quote inside it.
      return at + (match(number, sql, at)?.length ?? 1)
  }
}

function endOfLine(sql: string, at: number): number {
  const end = sql.indexOf('\n', at)
  return end < 0 ? sql.length : end
}

function endOfBlockComment(sql: string, at: number): number {
  let depth = 0
  for (let here = at; here < sql.length; here++) {
    if (sql.startsWith('/*', here)) {
      depth++
      here++
    } else if (sql.startsWith('*/', here)) {
      depth--
      here++
      if (depth === 0) return here + 1
    }
  }
  return sql.length
}

function endOfQuoted(sql: string, from: number, quote: string, backslashes: boolean): number {
  for (let here = from; here < sql.length; here++) {
    if (backslashes && sql[here] === '\\') here++
    else if (sql[here] === quote) {
      if (sql[here + 1] !== quote) return here + 1
      here++
    }
  }
  return sql.length
}

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0]
}

function isRoutine(tokens: readonly Token[]): boolean {
  const [first, second, third, fourth] = tokens.map(token => token.text.toLowerCase())
  if (first !== 'create') return false
  const made = second === 'or' && third === 'replace' ? fourth : second
  return made === 'function' || made === 'procedure'
}

function wordsOf(tokens: readonly Token[]): string {
  return tokens.map(token => (token.kind === 'word' ? token.text.toLowerCase() : token.text)).join(' ')
}
