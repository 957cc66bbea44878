import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'

/** Where entries of the scope's tenant are: here, and in a database of its own if it has one (MT-17). */
export async function placesOf(app: App, scope: Scope): Promise<Queryable[]> {
  const isElsewhere = (await app.placed?.placeOf(scope)) !== undefined
  return [app.db.reads(scope), ...(isElsewhere && app.placed ? [app.placed.reads(scope)] : [])]
}
