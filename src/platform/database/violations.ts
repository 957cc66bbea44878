import pg from 'pg'
import type { Thrower } from '#platform/errors.ts'

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
