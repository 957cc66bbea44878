import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { load } from '../tenancy/load.ts'
import { answer } from './processes.ts'

export type Floor = 'select' | 'insert'

let pool: pg.Pool
let known: Buffer[]

answer({ open, run })

/** The least that a token costs: one row by its key, read or committed, without tenants, triggers and further indexes. */
async function open(config: pg.ClientConfig): Promise<void> {
  pool = new pg.Pool({ ...config, max: 10 })
  // Its last connections may still be closing when the database is dropped.
  pool.on('error', () => {})
  await pool.query('create schema bench')
  await pool.query('create table bench.tokens (token_hash bytea primary key, scopes text[], expires_at timestamptz)')
  known = Array.from({ length: 1_000 }, () => randomBytes(32))
  for (const hash of known) await insert(hash)
}

const insert = (hash: Buffer) =>
  pool.query({
    name: 'insert',
    text: `insert into bench.tokens values ($1, $2, now() + interval '1 hour')`,
    values: [hash, ['contractors.lists.read']],
  })

const select = (hash: Buffer | undefined) =>
  pool.query({ name: 'select', text: 'select * from bench.tokens where token_hash = $1', values: [hash] })

async function run({ floor, clients, seconds }: { floor: Floor; clients: number; seconds: number }): Promise<number> {
  let turn = 0
  let done = 0
  const work = async () => {
    if (floor === 'insert') await insert(randomBytes(32))
    else await select(known[turn++ % known.length])
    done++
  }
  await load(work, clients, seconds * 1_000)
  return done
}
