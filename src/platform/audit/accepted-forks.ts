import pg from 'pg'
import { readSigned } from '#platform/crypto'
import { CheckpointFolder } from './checkpoint-folder.ts'
import { checkpointHash, readCheckpoint, type Signer } from './checkpoints.ts'
import { errors } from './errors.ts'
import type { SigningKeys } from './key-changes.ts'

/** `typ` of the JWS. */
const acceptanceType = 'commonhold-audit-fork'

/** What an acceptance signs: exactly this fork, by both of its checkpoints. */
export type AcceptedFork = {
  log: string
  /** The checkpoint that says of the fork, and the one outside that does not lead there. */
  checkpoint: { number: number; hash: string; size: number; root: string }
  forkOf: { number: number; hash: string; size?: number; root?: string }
  by: string
  reason: string
  at: string
}

export type ForkAcceptance = {
  /** The way in as the administrator: the program's login cannot write it. */
  admin: pg.ClientConfig
  folder: string | undefined
  number: number
  by: string
  reason: string
  signer: Signer
  now: Date
}

/** Notes that a fork is a restore which somebody knows of. Refuses a checkpoint that says of none. */
export async function acceptFork(options: ForkAcceptance): Promise<AcceptedFork> {
  const { admin, folder, number, by, reason, signer, now } = options
  const client = new pg.Client(admin)
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('set role commonhold_owner; set search_path = pg_catalog; begin')
    const { rows } = await client.query<{ log: string; signed: string }>(
      'select log_id as log, signed from audit.sealing cross join audit.checkpoints where number = $1',
      [number],
    )
    const [row] = rows
    const own = row && readCheckpoint(row.signed)?.document
    if (!row || !own?.forkOf) throw errors.noFork({ number })
    const { forkOf } = own
    const outside = folder === undefined ? [] : await new CheckpointFolder(folder, row.log).read()
    const left = outside.find(it => checkpointHash(it.signed) === forkOf.hash)
    const other = left && readCheckpoint(left.signed)?.document
    const accepted: AcceptedFork = {
      log: row.log,
      checkpoint: { number, hash: checkpointHash(row.signed), size: own.size, root: own.root },
      forkOf: { ...forkOf, ...(other && { size: other.size, root: other.root }) },
      by,
      reason,
      at: now.toISOString(),
    }
    await client.query(
      `insert into audit.accepted_forks (number, accepted_at, signed) values ($1, $2, $3)
      on conflict (number) do update set accepted_at = excluded.accepted_at, signed = excluded.signed`,
      [number, now, signer.sign(accepted, acceptanceType)],
    )
    await client.query(`select audit.record_event('audit.fork_accepted', 'audit.checkpoints', $1, $2)`, [
      String(number),
      JSON.stringify(accepted),
    ])
    await client.query('commit')
    return accepted
  } finally {
    await client.end()
  }
}

/** The acceptances that are signed with a key of this log's checkpoints, by the checkpoint's hash. */
export async function readAcceptedForks(
  client: pg.Client,
  logId: string,
  keys: SigningKeys,
): Promise<Map<string, AcceptedFork>> {
  const { rows } = await client.query<{ signed: string }>('select signed from audit.accepted_forks order by number')
  const accepted = rows.flatMap(({ signed }) => {
    const read = readSigned(signed, acceptanceType)
    const fork = read?.document as AcceptedFork | undefined
    return read && fork?.log === logId && keys.signs(read.thumbprint, fork.at) ? [fork] : []
  })
  return new Map(accepted.map(fork => [fork.checkpoint.hash, fork]))
}
