import { type Digest, holdMove, type Side } from '#platform/database'

export type MoveState =
  | 'copying'
  | 'catching_up'
  | 'verified'
  | 'paused'
  | 'switched'
  | 'finished'
  | 'undoing'
  | 'undone'

export type Move = {
  id: string
  sourceId: string | null
  targetId: string | null
  state: MoveState
  tables: Record<string, Partial<Digest>>
  pauseMilliseconds: number | null
}

const columns = `
  id, source_id as "sourceId", target_id as "targetId", state, tables, pause_milliseconds as "pauseMilliseconds"`

/**
 * What is written of a tenant's moves in the main database. `holder` keeps one transaction open from `hold` to the
 * switch, which is its end; `scribe` writes what has to be there when this program dies.
 */
export function moveLedger(holder: Side, scribe: Side, tenantId: string) {
  const ledger = {
    /** The tenant's placement is ours until this program ends; false where it is another's. */
    async hold(): Promise<boolean> {
      await scribe.query(
        `insert into tenancy.placements (tenant_id) select id from tenancy.tenants where id = $1 on conflict do nothing`,
        [tenantId],
      )
      await holder.query('begin')
      if (!(await holdMove(holder, tenantId))) return false
      // What is being removed goes nowhere else any more.
      const { rowCount } = await scribe.query(
        `select
        from tenancy.tenants
        where id = $1
          and not exists (select from tenancy.tenant_deletions where tenant_id = $1 and begun_at is not null)`,
        [tenantId],
      )
      return rowCount === 1
    },

    async findPlace(): Promise<string | null> {
      const { rows } = await scribe.query('select database_id as id from tenancy.placements where tenant_id = $1', [
        tenantId,
      ])
      return rows[0]?.id ?? null
    },

    async findCurrent(): Promise<Move | undefined> {
      const { rows } = await scribe.query<Move>(
        `select ${columns} from tenancy.moves where tenant_id = $1 and state not in ('finished', 'undone')`,
        [tenantId],
      )
      return rows[0]
    },

    async begin(sourceId: string | null, targetId: string | null): Promise<Move> {
      return await inTransaction(scribe, async () => {
        await scribe.query('update tenancy.placements set is_moving = true where tenant_id = $1', [tenantId])
        const { rows } = await scribe.query<Move>(
          `insert into tenancy.moves (tenant_id, source_id, target_id) values ($1, $2, $3) returning ${columns}`,
          [tenantId, sourceId, targetId],
        )
        return rows[0] as Move
      })
    },

    /** A move that has switched is over, and one back begins, in one step. */
    async turnBack(move: Move): Promise<Move> {
      return await inTransaction(scribe, async () => {
        await scribe.query(
          `update tenancy.moves set state = 'undone', ended_at = now() where tenant_id = $1 and id = $2`,
          [tenantId, move.id],
        )
        await scribe.query('update tenancy.placements set is_moving = true where tenant_id = $1', [tenantId])
        const { rows } = await scribe.query<Move>(
          `insert into tenancy.moves (tenant_id, source_id, target_id) values ($1, $2, $3) returning ${columns}`,
          [tenantId, move.targetId, move.sourceId],
        )
        return rows[0] as Move
      })
    },

    async setState(move: Move, state: MoveState): Promise<Move> {
      return await change(move, 'state = $3', [state])
    },

    async noteTable(move: Move, name: string, digest: Partial<Digest>): Promise<Move> {
      return await change(move, 'tables = tables || $3', [JSON.stringify({ [name]: digest })])
    },

    async noteVerified(move: Move, tables: Record<string, Digest>): Promise<Move> {
      return await change(move, `tables = $3, state = 'verified'`, [JSON.stringify(tables)])
    },

    async end(move: Move, state: 'finished' | 'undone'): Promise<void> {
      await inTransaction(scribe, async () => {
        await scribe.query('update tenancy.placements set is_moving = false where tenant_id = $1', [tenantId])
        await change(move, 'state = $3, ended_at = now()', [state])
      })
    },

    /** Whether the source takes no writes any more, although the tenant has not been led elsewhere. */
    async hasLeft(source: Side): Promise<boolean> {
      const { rows } = await source.query(
        `select from platform.moving_tenants where tenant_id = $1 and state = 'gone'`,
        [tenantId],
      )
      return rows.length > 0
    },

    /** One transaction, if `leave` allows it: from its end on everybody finds the tenant at the target. */
    async switchOver(
      move: Move,
      pauseMilliseconds: number | null,
      leave: (holder: Side) => boolean | Promise<boolean>,
    ): Promise<boolean> {
      await holder.query('savepoint switching')
      if (!(await leave(holder))) {
        await holder.query('rollback to savepoint switching')
        return false
      }
      await holder.query(`select set_config('app.tenant_id', $1, true), set_config('app.system', 'on', true)`, [
        tenantId,
      ])
      await holder.query(
        `update tenancy.moves
        set state = 'switched', switched_at = now(), pause_milliseconds = $3
        where tenant_id = $1 and id = $2`,
        [tenantId, move.id, pauseMilliseconds],
      )
      await holder.query('update tenancy.placements set database_id = $2, is_moving = false where tenant_id = $1', [
        tenantId,
        move.targetId,
      ])
      await holder.query(
        `update tenancy.tenants
        set database_url_encrypted = (select url_encrypted from tenancy.databases where id = $2)
        where id = $1`,
        [tenantId, move.targetId],
      )
      const { command } = await holder.query('commit')
      return command === 'COMMIT'
    },

    async nameOf(id: string | null): Promise<string> {
      if (id === null) return 'main'
      const { rows } = await scribe.query('select name from tenancy.databases where id = $1', [id])
      return rows[0]?.name ?? id
    },
  }

  async function change(move: Move, set: string, values: unknown[]): Promise<Move> {
    const { rows } = await scribe.query<Move>(
      `update tenancy.moves set ${set} where tenant_id = $1 and id = $2 returning ${columns}`,
      [tenantId, move.id, ...values],
    )
    return rows[0] as Move
  }

  return ledger
}

async function inTransaction<T>(side: Side, work: () => Promise<T>): Promise<T> {
  await side.query('begin')
  try {
    const result = await work()
    await side.query('commit')
    return result
  } catch (error) {
    await side.query('rollback')
    throw error
  }
}
