import pg from 'pg'
import { findDeclaredError, type Thrower } from '#platform/errors.ts'

/** Turns a violated constraint into the domain's error, beside the statement that may violate it. */
export async function onViolation<T>(work: Promise<T>, byConstraint: Readonly<Record<string, Thrower>>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const constraint = error instanceof pg.DatabaseError ? error.constraint : undefined
    const translate = constraint === undefined ? undefined : byConstraint[constraint]
    if (translate) throw translate({}, error)
    throw error
  }
}

/**
 * A function or trigger may refuse with a declared error: SQLSTATE CH001, its code in `constraint`, its details as JSON in
 * `detail`. So a rule that the database keeps for every code path has its words on every one of them.
 */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== 'CH001') return error
  return findDeclaredError(error.constraint ?? '', JSON.parse(error.detail ?? '{}'), error) ?? error
}
