import { hash } from 'node:crypto'
import type pg from 'pg'
import { readSigned } from '#platform/crypto'
import type { Signer } from './checkpoints.ts'
import { type Erased, type StreamedEntry, uuidOf } from './entry-stream.ts'
import type { Findings } from './findings.ts'
import type { SigningKeys } from './key-changes.ts'

/** `typ` of the JWS. */
export const erasureType = 'commonhold-audit-erasure'

/** The event that tells of a portion of an erasure, in the log of the tenant whose entries they are. */
export const erasureAction = 'audit.entries_erased'

/** What the record of an erasure signs: which parts of which entries were taken out, and nothing else may be missing. */
export type ErasureRecord = {
  /** What the entries are marked with. */
  erasure: string
  tenantId: string
  userId: string
  at: string
  /** 16 bytes of each part, one after the other, base64url: docs/audit.md. */
  items: string
}

export function signErasure(signer: Signer, record: Omit<ErasureRecord, 'items'>, items: readonly Buffer[]): string {
  return signer.sign({ ...record, items: Buffer.concat(items).toString('base64url') }, erasureType)
}

/** The same 16 bytes as audit.erasure_item. */
function itemOf(id: string, part: string, sealed: string, rest = ''): string {
  const bytes = [Buffer.from(id, 'latin1'), Buffer.from(part), Buffer.from(sealed, 'hex'), Buffer.from(rest, 'hex')]
  return hash('sha256', Buffer.concat(bytes), 'hex').slice(0, 32)
}

type Mark = { id: string; tenantId: string; createdAt: number; part: string; erasure: string; item: string }

/** Collects what verification sees marked as erased, and holds it against the signed records of that. */
export class ErasedMarks {
  private readonly marks: Mark[] = []

  take({ id, tenantId, createdAt, erasure: note }: StreamedEntry): void {
    if (!note) return
    const place = { id, tenantId: uuidOf(tenantId), createdAt }
    const { person, values, content } = note.erased as Erased
    if (person)
      this.marks.push({ ...place, part: 'person', erasure: person.in, item: itemOf(id, 'person', person.hash) })
    if (values)
      this.marks.push({ ...place, part: 'values', erasure: values.in, item: itemOf(id, 'values', values.hash) })
    if (!content) return
    // What is left of it now must be what its newest record says.
    const steps = [...content.was, { in: content.in, rest: note.rest }]
    for (const step of steps) {
      const item = itemOf(id, 'content', content.hash, step.rest)
      this.marks.push({ ...place, part: 'content', erasure: step.in, item })
    }
  }

  /** `archived`: records of archived months. */
  async check(
    client: pg.Client,
    { keys, archived, findings }: { keys: SigningKeys; archived: readonly string[]; findings: Findings },
  ): Promise<void> {
    if (this.marks.length === 0) return
    const { rows } = await client.query<{ tenantId: string; signed: string | null }>(
      `select tenant_id as "tenantId", details ->> 'signed' as signed from audit.audit_logs where action = $1`,
      [erasureAction],
    )
    const known = new Set<string>()
    for (const { tenantId, signed } of [...rows, ...archived.map(text => ({ tenantId: undefined, signed: text }))]) {
      const read = readSigned(signed ?? '', erasureType)
      if (!read) continue
      const record = read.document as unknown as ErasureRecord
      if (keys.size > 0 && !keys.signs(read.thumbprint, record.at)) continue
      if (tenantId !== undefined && record.tenantId !== tenantId) continue
      const items = Buffer.from(record.items, 'base64url').toString('hex')
      for (let at = 0; at < items.length; at += 32)
        known.add(`${record.tenantId}/${record.erasure}/${items.slice(at, at + 32)}`)
    }
    for (const { id, tenantId, createdAt, part, erasure, item } of this.marks) {
      if (known.has(`${tenantId}/${erasure}/${item}`)) continue
      const entryId = uuidOf(id)
      const moment = new Date(createdAt / 1000).toISOString()
      findings.add({
        kind: 'erased_unrecorded',
        text: `Of entry ${entryId} of ${moment} the ${partNames[part]} is marked as erased, and no signed record says so`,
        entryId,
        tenantId,
        createdAt: moment,
      })
    }
  }
}

const partNames: Readonly<Record<string, string>> = {
  person: 'person',
  values: 'personal part',
  content: 'content',
}
