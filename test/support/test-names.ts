/** A test as its source names it: `outer > inner`, expansions as they are written, with the requirements it names. */
export type NamedTest = { name: string; ids: string[] }

/** An id such as `GG-10`, anywhere in a text. */
export const requirementId = /\b(?:GG|VS|PE|MT|AG)-\d{2}\b/g

/**
 * The tests of a source file, by its text alone: `test`, `it` and `t.test` are tests, `describe` and `suite` stand in
 * front of the names inside them. Skipped and planned ones prove nothing and are left out. An id counts where it stands
 * literally in a name, also inside `${…}`.
 */
export function findTests(source: string): NamedTest[] {
  const tokens = tokensOf(source)
  const found: NamedTest[] = []
  const around: { name: string; depth: number; isProof: boolean }[] = []
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'mark' && token.text === '(') depth += 1
    if (token.kind === 'mark' && token.text === ')') {
      if (around.at(-1)?.depth === depth) around.pop()
      depth -= 1
    }
    const call = callAt(tokens, at)
    if (!call) continue
    const isProof = call.isProof && around.every(outer => outer.isProof)
    const name = [...around.map(outer => outer.name), call.name].join(' > ')
    if (isProof && call.isTest) found.push({ name, ids: [...new Set(name.match(requirementId))] })
    around.push({ name: call.name, depth: depth + 1, isProof })
  }
  return found
}

function callAt(tokens: readonly Token[], at: number): { name: string; isTest: boolean; isProof: boolean } | undefined {
  const word = tokens[at]
  if (word?.kind !== 'word' || !/^(test|it|describe|suite)$/.test(word.text)) return undefined
  // `/pattern/.test(…)` is no test, `t.test(…)` is one.
  if (tokens[at - 1]?.text === '.' && !/^(t|context)$/.test(tokens[at - 2]?.text ?? '')) return undefined
  const hasModifier = tokens[at + 1]?.text === '.'
  const open = hasModifier ? at + 3 : at + 1
  if (tokens[open]?.text !== '(') return undefined
  const modifier = hasModifier ? tokens[at + 2]?.text : undefined
  return {
    name: firstArgument(tokens, open + 1),
    isTest: word.text === 'test' || word.text === 'it',
    isProof: modifier !== 'skip' && modifier !== 'todo',
  }
}

/** A literal is the name itself, anything else stands there like an expansion. */
function firstArgument(tokens: readonly Token[], start: number): string {
  let depth = 0
  let end = start
  while (end < tokens.length) {
    const { kind, text } = tokens[end] as Token
    if (depth === 0 && kind === 'mark' && (text === ',' || text === ')')) break
    if (kind === 'mark' && '([{'.includes(text)) depth += 1
    if (kind === 'mark' && ')]}'.includes(text)) depth -= 1
    end += 1
  }
  const [first, ...rest] = tokens.slice(start, end)
  if (first?.kind === 'text' && rest.length === 0) return first.text
  return `\${${[first, ...rest].map(token => token?.text).join('')}}`
}

/** `text` is a string or template without its quotes, `value` a number or regular expression, `mark` one character. */
type Token = { kind: 'word' | 'text' | 'value' | 'mark'; text: string }

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const [length, token] = readToken(source, at, tokens.at(-1))
    if (token) tokens.push(token)
    at += length
  }
  return tokens
}

function readToken(source: string, at: number, before: Token | undefined): [length: number, token?: Token] {
  const char = source[at] ?? ''
  if (char === '`') {
    const end = endOfTemplate(source, at)
    return [end - at, { kind: 'text', text: source.slice(at + 1, end - 1) }]
  }
  for (const [pattern, kind] of patterns) {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0]
    if (text === undefined) continue
    if (kind === 'value' && text.startsWith('/') && endsExpression(before)) continue
    if (kind === 'text') return [text.length, { kind, text: text.slice(1, -1).replace(/\\(.)/gs, '$1') }]
    return [text.length, kind && { kind, text }]
  }
  return [1, { kind: 'mark', text: char }]
}

const patterns: [pattern: RegExp, kind: Token['kind'] | undefined][] = [
  [/\s+|\/\/.*/y, undefined],
  [/\/\*.*?\*\//sy, undefined],
  [/[\p{L}_$#][\p{L}\p{N}_$]*/uy, 'word'],
  [/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/sy, 'text'],
  [/\d[\w.]*/y, 'value'],
  [/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y, 'value'],
]

/** A slash after this divides; otherwise it begins a regular expression. */
function endsExpression(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.kind === 'mark') return /[)\]}]/.test(token.text)
  return (
    token.kind !== 'word' || !/^(return|typeof|case|in|of|await|void|delete|throw|new|else|do|yield)$/.test(token.text)
  )
}

function endOfTemplate(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2
    else if (source.startsWith('${', at)) at = endOfExpansion(source, at + 2)
    else at += 1
  }
  return at + 1
}

function endOfExpansion(source: string, start: number): number {
  let at = start
  let depth = 1
  let before: Token | undefined
  while (at < source.length && depth > 0) {
    const [length, token] = readToken(source, at, before)
    if (token?.kind === 'mark' && token.text === '{') depth += 1
    if (token?.kind === 'mark' && token.text === '}') depth -= 1
    before = token ?? before
    at += length
  }
  return at
}
