import { type Statements, sql } from '#platform/database'

/** Which columns of a table are personal now, and which say of whom. */
export type PersonalColumns = { resource: string; columns: string[]; subjects: string[] }

export function listPersonalColumns(tx: Statements): Promise<PersonalColumns[]> {
  return tx.run(sql<PersonalColumns>`
    select resource, columns, subjects
    from audit.personal_columns
    where format = (select max(format) from audit.personal_columns)`)
}

/** A regular expression of PostgreSQL that finds each address in a text; null for none. */
export async function addressPattern(tx: Statements, addresses: readonly string[]): Promise<string | null> {
  const [row] = await tx.run(sql<{ pattern: string | null }>`select audit.address_pattern(${addresses}) as pattern`)
  return row?.pattern ?? null
}
