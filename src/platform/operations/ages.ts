import { type Queryable, sql } from '#platform/database'

/** The first backup is made in the first night. */
export const firstNightDays = 26 / 24

/** For how long there is this installation, in days: by its first migration. */
export async function ageInDays(own: Queryable): Promise<number> {
  const { days } = await own.one(sql<{ days: number }>`
    select (extract(epoch from now() - min(applied_at)) / 86400)::float8 as days
    from platform.migrations`)
  return days
}
