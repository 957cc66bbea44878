import type pg from 'pg'
import type { Database } from '#platform/database'

/** What a benchmark is given: an empty, migrated database of its own on one server. */
export type BenchContext = {
  db: Database
  /** As the program logs in. */
  login: pg.ClientConfig
  adminConfig: pg.ClientConfig
  admin: pg.Client
  /** Acts as commonhold_owner. */
  owner: pg.Client
  log: (line: string) => void
}

/** One figure with the target it is held against; `ok` is undefined where there is none. */
export type BenchResult = { name: string; value: number; unit: string; target?: string; ok?: boolean }

export type Bench = (context: BenchContext) => Promise<BenchResult[]>
