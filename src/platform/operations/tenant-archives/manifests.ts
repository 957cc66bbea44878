import { type Static, Type } from 'typebox'
import { nullable } from '#platform/http'

/** Without control characters: it stands in what terminals show. */
const line = { maxLength: 2_000, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' }
const text = Type.String(line)
const count = Type.Integer({ minimum: 0 })
const strict = { additionalProperties: false }

const ArchivedFile = Type.Object({ path: text, rows: count, bytes: count, sha256: text }, strict)
export type ArchivedFile = Static<typeof ArchivedFile>

/** What `manifest.json` of an archive says; `docs/tenant-archives.md` has it field by field. */
export const TenantManifest = Type.Object(
  {
    format: Type.Literal('commonhold-tenant'),
    version: Type.Literal(1),
    exportedAt: text,
    installation: Type.String({ ...line, description: 'Its address' }),
    schemaVersion: Type.String({ ...line, description: 'The newest migration of its database' }),
    tenant: Type.Object({ id: Type.String({ format: 'uuid' }), slug: text, name: Type.String(), status: text }, strict),
    accounts: Type.Object({ rows: count, files: Type.Array(ArchivedFile) }, strict),
    shared: Type.Array(
      Type.Object({ table: text, columns: Type.Array(text), rows: count, files: Type.Array(ArchivedFile) }, strict),
    ),
    tables: Type.Array(
      Type.Object(
        {
          table: text,
          columns: Type.Array(Type.Object({ name: text, type: text }, strict)),
          rows: count,
          files: Type.Array(ArchivedFile),
        },
        strict,
      ),
    ),
    log: Type.Object({ rows: count, files: Type.Array(ArchivedFile) }, strict),
    stays: Type.Array(Type.Object({ table: text, rows: count, reason: text }, strict)),
    withheld: Type.Array(Type.Object({ column: text, reason: text }, strict)),
  },
  strict,
)
export type TenantManifest = Static<typeof TenantManifest>

/** A shared row that rows of the tenant lead to: its id there, and the values by which it is found elsewhere. */
export const SharedRow = Type.Object({ id: text, key: Type.Record(Type.String(), nullable(Type.String())) }, strict)
export type SharedRow = Static<typeof SharedRow>

/** The `typ` of the signature beside the manifest. */
export const signatureType = 'commonhold-tenant-archive'

/** All files of an archive in the order in which they stand in it, the manifest aside. */
export function filesOf({ accounts, shared, tables, log }: TenantManifest): ArchivedFile[] {
  return [accounts, ...shared, ...tables, log].flatMap(({ files }) => files)
}
