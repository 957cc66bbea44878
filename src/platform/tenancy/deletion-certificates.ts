import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { json, type Queryable, sql } from '#platform/database'
import { cutPage, nullable, readCursor, uuid } from '#platform/http'
import { type DocumentSigner, type VerifiedDocument, verifyDocument } from '#platform/identity'
import { errors } from './errors.ts'

/** The `typ` of the signature: nothing else that is signed can be taken for a certificate. */
export const certificateType = 'commonhold-deletion-certificate+jws'

const moment = Type.String({ description: 'ISO 8601, UTC' })
const hash = Type.String({ description: 'SHA-256, base64url' })

/** MT-11: what was done, as it is signed. No name stands in it: whoever knows that can check it by its hash. */
export const DeletionCertificate = Type.Object({
  number: Type.Integer({ description: 'Dense, from 1: each certificate of an installation names the one before' }),
  tenantId: uuid,
  nameHash: hash,
  slugHash: hash,
  requestedAt: moment,
  requestedBy: nullable(uuid),
  requestedByOperator: Type.Boolean(),
  scheduledAt: moment,
  begunAt: moment,
  finishedAt: moment,
  removed: Type.Record(Type.String(), Type.Integer(), { description: 'Table to the number of rows removed' }),
  previous: nullable(Type.String({ description: 'SHA-256 of the signed certificate before this one, base64url' })),
  issuer: Type.String({ description: 'The address of the installation' }),
})
export type DeletionCertificate = Static<typeof DeletionCertificate>

/** What a name is kept as, for a tenant's id is no secret but no table of hashes has it either. */
export function nameHashOf(tenantId: string, name: string): string {
  return createHash('sha256')
    .update(`${tenantId}\n${name.normalize('NFC')}`)
    .digest('base64url')
}

type Facts = {
  name: string
  slug: string
  requestedAt: Date
  requestedBy: string | null
  byOperator: boolean
  scheduledAt: Date
  begunAt: Date
  finishedAt: Date
  ownerIds: string[]
  removed: Record<string, number>
  previousNumber: number
  previousDocument: string | null
}

/**
 * Ends the removal of the scope's tenant: its own row goes, its certificate comes, both in this transaction. Undefined
 * where somebody else has ended it. Needs the system scope.
 */
export async function issueCertificate(
  tx: Queryable,
  signer: DocumentSigner,
  issuer: string,
): Promise<{ certificate: DeletionCertificate; signed: string; name: string; ownerIds: string[] } | undefined> {
  const tenantId = tx.scope.tenantId as string
  const facts = await tx.maybe(sql<Facts>`select * from tenancy.prepare_certificate()`)
  if (!facts) return undefined
  const certificate: DeletionCertificate = {
    number: facts.previousNumber + 1,
    tenantId,
    nameHash: nameHashOf(tenantId, facts.name),
    slugHash: nameHashOf(tenantId, facts.slug),
    requestedAt: facts.requestedAt.toISOString(),
    requestedBy: facts.requestedBy,
    requestedByOperator: facts.byOperator,
    scheduledAt: facts.scheduledAt.toISOString(),
    begunAt: facts.begunAt.toISOString(),
    finishedAt: facts.finishedAt.toISOString(),
    removed: facts.removed,
    previous:
      facts.previousDocument === null ? null : createHash('sha256').update(facts.previousDocument).digest('base64url'),
    issuer,
  }
  const signed = signer.sign(certificate, certificateType)
  await tx.run(sql`select tenancy.finish_removal(${json(certificate)}, ${signed})`)
  return { certificate, signed, name: facts.name, ownerIds: facts.ownerIds }
}

/** Checks a certificate against the key that it carries; asks nobody. Refuses with `identity.document_altered`. */
export function verifyCertificate(signed: string): VerifiedDocument & { document: DeletionCertificate } {
  return verifyDocument(signed, certificateType) as VerifiedDocument & { document: DeletionCertificate }
}

type Kept = { certificate: DeletionCertificate; signed: string }

/** The certificate of a tenant that is no more, the last where it was brought back in between. Needs the system scope. */
export async function getCertificate(tx: Queryable, id: string): Promise<Kept> {
  const kept = await tx.maybe(sql<Kept>`
    select document as certificate, signed_document as signed
    from tenancy.deletion_certificates
    where id = ${id}
    order by number desc
    limit 1`)
  if (!kept) throw errors.certificateUnknown({ id })
  return kept
}

/** All of them, the latest first. Needs the system scope. */
export async function listCertificates(
  tx: Queryable,
  page: { limit: number; cursor?: string },
): Promise<{ items: Kept[]; nextCursor: string | null }> {
  const list = 'deletion-certificates'
  const last = readCursor(page.cursor, list, Type.Tuple([Type.Integer()]))
  const rows = await tx.run(sql<Kept>`
    select document as certificate, signed_document as signed
    from tenancy.deletion_certificates
    ${last ? sql`where number < ${last[0]}` : sql``}
    order by number desc
    limit ${page.limit + 1}`)
  return cutPage(rows, page.limit, list, ({ certificate }) => [certificate.number])
}

/** The tenants that went within the last hour: requests that were under way may have left something behind. */
export function listDeletedSince(tx: Queryable, minutes: number): Promise<{ id: string }[]> {
  return tx.run(sql<{ id: string }>`
    select distinct certificate.id
    from tenancy.deletion_certificates as certificate
    where certificate.created_at > now() - ${minutes} * interval '1 minute'
      and not exists (select from tenancy.tenants as tenant where tenant.id = certificate.id)`)
}
