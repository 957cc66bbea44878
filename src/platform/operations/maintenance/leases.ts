import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Queryable, sql } from '#platform/database'

/** What only one server of the installation does at a time; who dies keeps it for `seconds` at most. */
export type Lease = {
  holder: string
  /** Keeps it for as long again. False where another one has it by now: stop. */
  renew(): Promise<boolean>
  release(): Promise<void>
}

/** Undefined while another one holds it. `own` in the system scope. */
export async function takeLease(own: Queryable, name: string, seconds = 120): Promise<Lease | undefined> {
  const holder = `${hostname()} process ${process.pid} ${randomBytes(4).toString('hex')}`
  const taken = await own.maybe(sql<{ holder: string }>`
    insert into operations.leases (name, holder, expires_at)
    values (${name}, ${holder}, now() + ${seconds} * interval '1 second')
    on conflict (name) do update
    set holder = excluded.holder, expires_at = excluded.expires_at
    where leases.expires_at < now()
    returning holder`)
  if (!taken) return undefined
  return {
    holder,
    async renew() {
      const renewed = await own.run(sql`
        update operations.leases
        set expires_at = now() + ${seconds} * interval '1 second'
        where name = ${name}
          and holder = ${holder}
        returning name`)
      return renewed.length > 0
    },
    async release() {
      await own.run(sql`
        delete from operations.leases
        where name = ${name}
          and holder = ${holder}`)
    },
  }
}

/** Who holds it now. */
export async function findLeaseHolder(own: Queryable, name: string): Promise<string | undefined> {
  const row = await own.maybe(sql<{ holder: string }>`
    select holder
    from operations.leases
    where name = ${name}
      and expires_at >= now()`)
  return row?.holder.replace(/ [0-9a-f]{8}$/, '')
}
