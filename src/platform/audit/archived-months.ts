import { createHash, type Hash } from 'node:crypto'
import type pg from 'pg'
import { readSigned } from '#platform/crypto'
import type { StreamedSeal } from './entry-stream.ts'
import type { Findings } from './findings.ts'
import type { SigningKeys } from './key-changes.ts'

/** `typ` of the JWS. */
export const archiveType = 'commonhold-audit-archive'

/** What the record of an archived month signs (docs/audit.md). */
export type ArchivedMonth = {
  log: string
  archive: string
  from: string
  to: string
  rows: number
  /** Of the lines, and of the file that they lie in: hex, as in the archive's manifest. */
  sha256: string
  fileSha256: string
  at: string
  tenants: ArchivedPart[]
}

/** The entries of one tenant: runs of positions as first and count, and SHA-256 over key (24 bytes) and leaf of each. */
export type ArchivedPart = { tenantId: string; runs: [first: number, count: number][]; entries: string }

type Run = { first: number; end: number; tally: Tally }
type Tally = { month: ArchivedMonth; part: ArchivedPart; hash: Hash; count: number }

/** The signed records of archived months: which positions have no entry because an archive has it. */
export class ArchivedMonths {
  readonly months: ArchivedMonth[] = []
  /** Signed records of erasures from entries that are archived. */
  readonly erasures: string[] = []
  /** Entries that a record covers, as far as they were met. */
  entries = 0
  private readonly tallies: Tally[] = []
  private readonly runs = new Map<string, Run[]>()

  static async read(client: pg.Client, logId: string, keys: SigningKeys, findings: Findings) {
    const { rows } = await client.query<{ archive: string; signed: string; erasures: string[] }>(
      'select archive, signed, erasures from audit.archived_months order by since, archive',
    )
    const archived = new ArchivedMonths()
    for (const { archive, signed, erasures } of rows) {
      const read = readSigned(signed, archiveType)
      const month = read?.document as ArchivedMonth | undefined
      const isOf = month?.log === logId && month.archive === archive
      if (!read || !month || !isOf || !keys.signs(read.thumbprint, month.at)) {
        findings.add({ kind: 'archive_forged', text: `The record of archive ${archive} is not signed as it should be` })
      } else {
        archived.add(month)
        for (const erasure of erasures) archived.erasures.push(erasure)
      }
    }
    for (const runs of archived.runs.values()) runs.sort((a, b) => a.first - b.first)
    return archived
  }

  private add(month: ArchivedMonth): void {
    this.months.push(month)
    for (const part of month.tenants) {
      const tally = { month, part, hash: createHash('sha256'), count: 0 }
      this.tallies.push(tally)
      const runs = this.runs.get(part.tenantId) ?? []
      this.runs.set(part.tenantId, runs)
      for (const [first, count] of part.runs) runs.push({ first, end: first + count, tally })
    }
  }

  /** Whether a record covers the index-th of what is sealed there. Each position once, in their order. */
  take({ tenantId, firstPosition, keys, leaves }: StreamedSeal, index: number): boolean {
    const runs = this.runs.get(tenantId)
    if (!runs) return false
    const tally = findRun(runs, firstPosition + index)?.tally
    if (!tally) return false
    tally.hash.update(keys.subarray(index * 24, index * 24 + 24)).update(leaves.subarray(index * 32, index * 32 + 32))
    tally.count++
    this.entries++
    return true
  }

  /** What is kept of archived entries must be what was archived. */
  check(tenantId: string | undefined, findings: Findings): void {
    for (const { month, part, hash, count } of this.tallies) {
      if (tenantId !== undefined && part.tenantId !== tenantId) continue
      const expected = part.runs.reduce((sum, [, many]) => sum + many, 0)
      if (count === expected && hash.digest('base64url') === part.entries) continue
      findings.add({
        kind: 'archive_differs',
        text: `The seals of tenant ${part.tenantId} are not those that archive ${month.archive} was recorded with`,
        tenantId: part.tenantId,
      })
    }
  }
}

function findRun(runs: readonly Run[], position: number): Run | undefined {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle] as Run).end <= position) low = middle + 1
    else high = middle
  }
  const found = runs[low]
  return found && found.first <= position ? found : undefined
}
