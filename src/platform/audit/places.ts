import type { ReportApp } from '#platform/app.ts'
import type { Reader, Scope } from '#platform/database'

/** Where entries of the scope's tenant are: here, and in a database of its own if it has one (MT-17). */
export async function placesOf<T extends Reader>(app: Asked<T>, scope: Scope): Promise<T[]> {
  const isElsewhere = (await app.placed?.placeOf(scope)) !== undefined
  return [app.db.reads(scope), ...(isElsewhere && app.placed ? [app.placed.reads(scope)] : [])]
}

/** A report's reads give readers, all others what may write too. */
type Asked<T> = {
  db: { reads(scope: Scope): T }
  placed?: Pick<NonNullable<ReportApp['placed']>, 'placeOf'> & { reads(scope: Scope): T }
}
