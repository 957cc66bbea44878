/** The kinds of refusal that callers can act on; each edge translates them once (HTTP status, exit code, job retry). */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'limited'
  | 'unavailable'

export type ErrorDetails = Readonly<Record<string, unknown>>

/** A refusal that the domain foresees. Everything else that is thrown is a bug and is answered without detail. */
export class DomainError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  readonly details: ErrorDetails

  constructor(code: string, kind: ErrorKind, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, { cause })
    this.name = 'DomainError'
    this.code = code
    this.kind = kind
    this.details = details
  }
}

type ErrorTable = Readonly<Record<string, readonly [kind: ErrorKind, message: string]>>
/** Makes one declared error; `details` fill in its message. */
export type Thrower = (details?: ErrorDetails, cause?: unknown) => DomainError

/**
 * Turns a module's error table into functions that build its errors; the key in snake_case is the stable code.
 * A message may name details in braces: `{slug} is taken`.
 */
export function errorTable<T extends ErrorTable>(prefix: string, table: T): { [K in keyof T]: Thrower } {
  const entries = Object.entries(table).map(([name, [kind, message]]) => {
    const code = `${prefix}.${name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)}`
    if (declaredErrors.has(code)) throw new Error(`The error ${code} is declared twice`)
    declaredErrors.set(code, { code, kind, message })
    const build: Thrower = (details = {}, cause) => buildError({ code, kind, message }, details, cause)
    return [name, build] as const
  })
  return Object.fromEntries(entries) as { [K in keyof T]: Thrower }
}

type DeclaredError = { code: string; kind: ErrorKind; message: string }

/** Every code that a loaded module declares, for the error reference in `docs/errors.md`. */
export const declaredErrors = new Map<string, DeclaredError>()

/** Makes an error by its code, for refusals that the database says by name; undefined if no loaded module declares it. */
export function findDeclaredError(code: string, details: ErrorDetails, cause: unknown): DomainError | undefined {
  const declared = declaredErrors.get(code)
  return declared && buildError(declared, details, cause)
}

function buildError({ code, kind, message }: DeclaredError, details: ErrorDetails, cause: unknown): DomainError {
  const text = message.replace(/\{(\w+)\}/g, (_, key) => String(details[key] ?? ''))
  return new DomainError(code, kind, text, details, cause)
}
