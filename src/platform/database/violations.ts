import pg from 'pg'
import type { DomainError } from '#platform/errors.ts'

type Thrower = (details?: Record<string, unknown>, cause?: unknown) => DomainError

/** Turns a violated constraint into the domain's error, beside the statement that may violate it. */
export async function onViolation<T>(
  work: Promise<T>,
  byConstraint: Readonly<Record<string, Thrower | (() => DomainError)>>,
): Promise<T> {
  try {
    return await work
  } catch (error) {
    const constraint = error instanceof pg.DatabaseError ? error.constraint : undefined
    const translate = constraint === undefined ? undefined : byConstraint[constraint]
    if (translate) throw translate({}, error)
    throw error
  }
}
