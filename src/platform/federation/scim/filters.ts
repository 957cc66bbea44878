import { DomainError } from '#platform/errors.ts'
import { scimErrors as errors } from './errors.ts'

/** `urn:…:User:name.givenName`, as it is written: which attribute that is, the schema says. */
export type AttributePath = { name: string; sub?: string | undefined }

export const comparisons = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const
export type Comparison = (typeof comparisons)[number]
export type Value = string | number | boolean | null

export type Filter =
  | { op: 'and' | 'or'; filters: Filter[] }
  | { op: 'not'; filter: Filter }
  | { op: 'pr'; path: AttributePath }
  | { op: Comparison; path: AttributePath; value: Value }
  /** `emails[type eq "work"]`; of the elements that fit it one has `rest`, where that is given. */
  | { op: 'some'; path: AttributePath; filter: Filter; rest?: Filter }

/** Where a PATCH operation is at work: `emails[type eq "work"].value`. */
export type PatchPath = { name: string; filter?: Filter | undefined; sub?: string | undefined }

const longest = 4_000
const deepest = 20
const mostTerms = 100

/** The grammar of RFC 7644, 3.4.2.2, keywords in any case. Refuses with `federation.scim_filter_invalid`. */
export function parseFilter(text: string): Filter {
  const reader = new Reader(text)
  const filter = reader.filter(0)
  reader.end()
  return filter
}

/** The grammar of RFC 7644, 3.5.2. Refuses with `federation.scim_path_invalid`. */
export function parsePatchPath(text: string): PatchPath {
  try {
    return new Reader(text).patchPath()
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw errors.scimPathInvalid({ path: text.slice(0, 100), reason: error.details.reason ?? error.message }, error)
  }
}

/** Splits at the last colon, for a URN has dots of its own: `urn:…:2.0:User:name.givenName`. */
export function splitPath(word: string): AttributePath {
  const colon = word.lastIndexOf(':')
  const dot = word.indexOf('.', colon + 1)
  return dot < 0 ? { name: word } : { name: word.slice(0, dot), sub: word.slice(dot + 1) }
}

class Reader {
  private readonly text: string
  private at = 0
  private terms = 0

  constructor(text: string) {
    if (text.length > longest) throw errors.scimFilterTooComplex({ most: `${longest} characters` })
    this.text = text
  }

  filter(depth: number): Filter {
    if (depth > deepest) throw errors.scimFilterTooComplex({ most: `${deepest} levels` })
    const filters = [this.conjunction(depth)]
    while (this.keyword('or')) filters.push(this.conjunction(depth))
    return filters.length === 1 ? (filters[0] as Filter) : { op: 'or', filters }
  }

  private conjunction(depth: number): Filter {
    const filters = [this.term(depth)]
    while (this.keyword('and')) filters.push(this.term(depth))
    return filters.length === 1 ? (filters[0] as Filter) : { op: 'and', filters }
  }

  private term(depth: number): Filter {
    this.terms += 1
    if (this.terms > mostTerms) throw errors.scimFilterTooComplex({ most: `${mostTerms} comparisons` })
    if (this.sign('(')) return this.closed(depth)
    if (this.isNot()) {
      this.expect('(')
      return { op: 'not', filter: this.closed(depth) }
    }
    const word = this.word()
    if (this.sign('[')) return this.elements(splitPath(word), depth)
    return this.comparison(splitPath(word))
  }

  /** `not` is no attribute, but one may begin with it: `notes eq "x"`. */
  private isNot(): boolean {
    const found = /^not\s*(?=\()/i.exec(this.rest())
    if (found) this.at += found[0].length
    return found !== null
  }

  private closed(depth: number): Filter {
    const filter = this.filter(depth + 1)
    this.expect(')')
    return filter
  }

  private elements(path: AttributePath, depth: number): Filter {
    const filter = this.filter(depth + 1)
    this.expect(']')
    const sub = this.subAttribute()
    return sub === undefined
      ? { op: 'some', path, filter }
      : { op: 'some', path, filter, rest: this.comparison({ name: sub }) }
  }

  private comparison(path: AttributePath): Filter {
    const word = this.word().toLowerCase()
    if (word === 'pr') return { op: 'pr', path }
    const op = comparisons.find(each => each === word)
    if (!op) throw this.fault(`"${word.slice(0, 20)}" is no operator`)
    return { op, path, value: this.value() }
  }

  patchPath(): PatchPath {
    const word = this.word()
    if (!this.sign('[')) {
      this.end()
      return splitPath(word)
    }
    const filter = this.filter(1)
    this.expect(']')
    const sub = this.subAttribute()
    this.end()
    return { name: word, filter, sub }
  }

  private subAttribute(): string | undefined {
    if (this.text[this.at] !== '.') return undefined
    this.at += 1
    return this.match(/^\$?[A-Za-z][\w-]*/, 'a sub-attribute is missing')
  }

  private value(): Value {
    const rest = this.rest()
    if (rest.startsWith('"')) return this.string()
    const word = this.match(/^[^\s()[\]"]+/, 'a value is missing')
    switch (word.toLowerCase()) {
      case 'true':
        return true
      case 'false':
        return false
      case 'null':
        return null
    }
    if (/^-?\d{1,15}(\.\d{1,15})?$/.test(word)) return Number(word)
    throw this.fault(`${word.slice(0, 20)} is no value`)
  }

  /** A string of JSON: an escape means what it means there. */
  private string(): string {
    const literal = this.match(/^"(?:[^"\\]|\\.)*"/s, 'a string has no end')
    try {
      const value = JSON.parse(literal) as string
      if (value.includes('\0') || !value.isWellFormed()) throw this.fault('a string holds what no text may')
      return value
    } catch (error) {
      if (error instanceof SyntaxError) throw this.fault('a string is not as in JSON')
      throw error
    }
  }

  private word(): string {
    return this.match(/^[A-Za-z$][\w$:.%/-]*/, 'a name is missing')
  }

  private keyword(word: string): boolean {
    const rest = this.rest()
    const isIt = rest.slice(0, word.length).toLowerCase() === word && /^[\s(]/.test(rest.slice(word.length))
    if (isIt) this.at += word.length
    return isIt
  }

  private sign(sign: string): boolean {
    const isIt = this.rest().startsWith(sign)
    if (isIt) this.at += 1
    return isIt
  }

  private expect(sign: string): void {
    if (!this.sign(sign)) throw this.fault(`"${sign}" is missing`)
  }

  end(): void {
    if (this.rest() !== '') throw this.fault('it goes on after its end')
  }

  private match(pattern: RegExp, fault: string): string {
    const found = pattern.exec(this.rest())?.[0]
    if (found === undefined) throw this.fault(fault)
    this.at += found.length
    return found
  }

  private rest(): string {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1
    return this.text.slice(this.at)
  }

  private fault(reason: string) {
    return errors.scimFilterInvalid({ reason: `${reason} (character ${this.at + 1})` })
  }
}
