import { sql } from 'kysely'
import type { Database } from './pool.ts'

/** What the primary says of itself. Positions are bytes since the beginning of its WAL. */
export type Primary = {
  position: number
  systemIdentifier: string
  timeline: number
  migrations: number
}

/**
 * How far the primary's WAL was when, by this process' own clock: so it is known how old at most is what a replica shows,
 * whatever clocks the servers have, and also where nothing is written for hours.
 */
export class Positions {
  private readonly main: Database
  private readonly keptFor: number
  private readonly samples: { at: number; position: number }[] = []
  private last: Primary | undefined

  constructor(main: Database, keptFor: number) {
    this.main = main
    this.keptFor = keptFor
  }

  get primary(): Primary | undefined {
    return this.last
  }

  async look(): Promise<Primary> {
    const at = performance.now()
    // What was acknowledged is flushed, unless commits do not wait for that: no replica has more than what is flushed.
    // Behind the head of a page stands no record yet: a replica that has all is at the page's beginning.
    const primary = await this.main.reads({}).one(sql<Primary>`
      select
        wal.position - case when wal.position % block.size <= 40 then wal.position % block.size else 0 end as position,
        (select system_identifier::text from pg_control_system()) as system_identifier,
        ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer as timeline,
        (select count(*) from platform.migrations where state = 'applied') as migrations
      from (
        select (
          case current_setting('synchronous_commit')
            when 'off' then pg_current_wal_insert_lsn()
            else pg_current_wal_flush_lsn()
          end - '0/0'
        )::bigint as position
      ) as wal
      cross join (select current_setting('wal_block_size')::bigint as size) as block`)
    this.last = primary
    this.samples.push({ at, position: primary.position })
    while ((this.samples[0]?.at ?? at) < at - this.keptFor) this.samples.shift()
    return primary
  }

  /** A place behind everything that was committed before `at`, a time of `performance.now()`. */
  async after(at: number): Promise<number> {
    const sample = this.samples.find(sample => sample.at >= at)
    return sample ? sample.position : (await this.look()).position
  }

  /** How old at most is what ends at a place, ms. */
  ageOf(position: number): number {
    const shown = this.samples.findLast(sample => sample.position <= position)
    return shown ? performance.now() - shown.at : Number.POSITIVE_INFINITY
  }

  /** Whether a place is where the primary was last seen: then nothing is known that it does not have. */
  isNewest(position: number): boolean {
    return this.last !== undefined && position >= this.last.position
  }
}
