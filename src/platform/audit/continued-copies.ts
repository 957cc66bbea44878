import pg from 'pg'
import { readSigned } from '#platform/crypto'
import { checkpointHash, type Signer } from './checkpoints.ts'
import { errors } from './errors.ts'
import type { Findings } from './findings.ts'
import type { SigningKeys } from './key-changes.ts'

/** `typ` of the JWS. */
const continuationType = 'commonhold-audit-copy'

/** That a database is a dump of another one, and its log goes on from there. */
export type ContinuedCopy = {
  log: string
  /** The newest that came with the dump; null where there was none. */
  checkpoint: { number: number; hash: string } | null
  /** By how much the numbers of this server's transactions are higher in the log. */
  shift: number
  by: string
  reason: string
  at: string
}

export type Continuation = {
  /** The way in as the administrator: the program's login cannot do it. */
  admin: pg.ClientConfig
  by: string
  reason: string
  signer: Signer
  now: Date
}

/**
 * Has the log of a dump that was read into another server be sealed again, and notes that, signed, with an event. Refuses with
 * `audit.no_copy` where the log is sealed as it is.
 */
export async function continueCopy({ admin, by, reason, signer, now }: Continuation): Promise<ContinuedCopy> {
  const client = new pg.Client(admin)
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('set role commonhold_owner; set search_path = pg_catalog; begin')
    const { rows } = await client.query<{ log: string; number: number | null; signed: string | null }>(
      `select log_id as log, newest.number::float8 as number, newest.signed
      from audit.sealing
      left join lateral (select number, signed from audit.checkpoints order by number desc limit 1) as newest on true`,
    )
    const { log, number, signed } = rows[0] as (typeof rows)[number]
    const { rows: continued } = await client.query<{ shift: number | null }>(
      'select audit.continue_copy()::float8 as shift',
    )
    const shift = continued[0]?.shift
    if (!shift) throw errors.noCopy()
    const copy: ContinuedCopy = {
      log,
      checkpoint: number === null || signed === null ? null : { number, hash: checkpointHash(signed) },
      ...{ shift, by, reason, at: now.toISOString() },
    }
    await client.query('insert into audit.continued_copies (continued_at, shift, signed) values ($1, $2, $3)', [
      now,
      shift,
      signer.sign(copy, continuationType),
    ])
    await client.query(`select audit.record_event('audit.copy_continued', 'audit.sealing', $1, $2)`, [
      log,
      JSON.stringify(copy),
    ])
    await client.query('commit')
    return copy
  } finally {
    await client.end()
  }
}

/** Those that are signed, the oldest first. That the log goes on as a copy though nothing signed says so is a finding. */
export async function readContinuedCopies(
  client: pg.Client,
  logId: string,
  keys: SigningKeys,
  findings: Findings,
): Promise<ContinuedCopy[]> {
  const { rows } = await client.query<{ signed: string }>(
    'select signed from audit.continued_copies order by continued_at',
  )
  const copies = rows.flatMap(({ signed }) => {
    const read = readSigned(signed, continuationType)
    const copy = read?.document as ContinuedCopy | undefined
    return read && copy?.log === logId && keys.signs(read.thumbprint, copy.at) ? [copy] : []
  })
  const { rows: states } = await client.query<{ shift: number }>('select shift::float8 as shift from audit.sealing')
  const shift = states[0]?.shift ?? 0
  if (shift !== 0 && !copies.some(copy => copy.shift === shift)) {
    const text = 'The log goes on as that of a dump which was read into another server, and no signed record says so'
    findings.add({ kind: 'forked', text })
  }
  return copies
}
