import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { cutPage, nullable, readCursor, uuid } from '#platform/http'
import { money } from '../money.ts'
import { getProfileKey } from './profile-keys.ts'

const text = nullable(Type.String())

/** A contractor within its family; a parent that no source describes has a UEI and mostly a name, and no page. */
export const FamilyMember = Type.Object({
  id: nullable({ ...uuid, description: 'null: a parent without a profile' }),
  uei: text,
  name: text,
  parentUei: text,
  city: text,
  state: text,
  totalContractValue: money('Obligated over all known awards'),
  activeContractsCount: Type.Integer(),
  childCount: Type.Integer({ description: 'Contractors directly below it' }),
})
export type FamilyMember = Static<typeof FamilyMember>

/** Where a contractor stands among those that belong together. */
export const Family = Type.Object({
  uei: { ...text, description: 'Of the top of the family; null for an unidentified vendor' },
  name: text,
  profileCount: Type.Integer({ description: 'Contractors of the family that are known here' }),
  totalContractValue: money('Obligated over all known awards of the whole family'),
  activeContractsCount: Type.Integer(),
  completedContractsCount: Type.Integer(),
  ancestors: Type.Array(FamilyMember, { description: 'The chain of parents, the top first' }),
  self: FamilyMember,
  children: Type.Array(FamilyMember, { description: 'Directly below it, by dollars, at most 50' }),
  siblings: Type.Array(FamilyMember, { description: 'Under the same parent, by dollars, at most 50' }),
})
export type Family = Static<typeof Family>

type Sums = Pick<Family, 'profileCount' | 'totalContractValue' | 'activeContractsCount' | 'completedContractsCount'>
type Member = FamilyMember & { familyUei: string | null; parentName: string | null; completedContractsCount: number }

/** The family of a contractor. Hidden contractors and placeholders are in no family. */
export async function getFamily(tx: Reader, id: string): Promise<Family> {
  const { ueis } = await getProfileKey(tx, id)
  const self = await tx.one<Member>(sql`
    select ${memberColumns}, family_uei, metadata ->> 'parentName' as parent_name, completed_contracts_count
    from contractors.contractor_profiles as p
    where id = ${id}
  `)
  const parents = self.parentUei === null || ueis.includes(self.parentUei) ? [] : [self.parentUei]
  const [family, chain, children, siblings] = await Promise.all([
    tx.maybe<Pick<Family, 'name'> & Sums>(sql`
      select name, profile_count, total_contract_value::numeric(20, 2) as total_contract_value, active_contracts_count,
        completed_contracts_count
      from contractors.families
      where uei = ${self.familyUei}
    `),
    tx.run<Member>(sql`
      with recursive chain as (
        select ${parents[0] ?? null}::text as uei, 1 as depth, array[]::text[] as path
        union all
        select above.parent_uei, chain.depth + 1, chain.path || chain.uei
        from chain
        join contractors.contractor_profiles as above on above.uei = chain.uei
        where above.parent_uei is not null
          and above.parent_uei <> chain.uei
          and not above.parent_uei = any(chain.path || ${ueis}::text[])
          and chain.depth < 12
      )
      select ${memberColumns}, chain.uei, p.family_uei, p.metadata ->> 'parentName' as parent_name
      from chain
      left join contractors.contractor_profiles as p on p.uei = chain.uei and not p.is_hidden
      where chain.uei is not null
      order by chain.depth desc
    `),
    listUnder(tx, ueis, id),
    parents.length > 0 ? listUnder(tx, parents, id) : [],
  ])
  const ancestors = await nameParents(tx, chain, self, family && { uei: self.familyUei, name: family.name })
  const top = ancestors[0] ?? self
  return {
    uei: self.familyUei,
    name: top.name ?? family?.name ?? null,
    profileCount: family?.profileCount ?? 1,
    totalContractValue: family ? family.totalContractValue : self.totalContractValue,
    activeContractsCount: family?.activeContractsCount ?? self.activeContractsCount,
    completedContractsCount: family?.completedContractsCount ?? self.completedContractsCount,
    ancestors,
    self: memberOf(self),
    children: children.map(memberOf),
    siblings: siblings.map(memberOf),
  }
}

/** All of a contractor's family, by dollars. */
export async function listFamily(tx: Reader, id: string, page: { limit: number; cursor?: string | undefined }) {
  await getProfileKey(tx, id)
  const { familyUei } = await tx.one<{ familyUei: string | null }>(sql`
    select family_uei
    from contractors.contractor_profiles
    where id = ${id}
  `)
  const fingerprint = `contractor-family ${id}`
  const after = readCursor(page.cursor, fingerprint, Type.Tuple([Type.Integer(), Type.String({ format: 'uuid' })]))
  const rows = await tx.run<FamilyMember & { id: string; rank: number }>(sql`
    select ${memberColumns}, value_rank as rank
    from contractors.contractor_profiles as p
    where (p.uei = ${familyUei} or p.family_uei = ${familyUei} and p.family_uei <> p.uei or p.id = ${id})
      and ${isShown}
      ${after ? sql`and value_rank <= ${after[0]}::bigint and (value_rank < ${after[0]}::bigint or id > ${after[1]})` : sql``}
    order by value_rank desc, id
    limit ${page.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, page.limit, fingerprint, row => [row.rank, row.id])
  return { items: items.map(({ rank, ...member }): FamilyMember => member), nextCursor }
}

const listUnder = (tx: Reader, parents: readonly string[], without: string) =>
  tx.run<Member>(sql`
    select ${memberColumns}
    from contractors.contractor_profiles as p
    where parent_uei = any(${parents}::text[])
      and id <> ${without}
      and not uei = any(${parents}::text[])
      and ${isShown}
    order by value_rank desc, id
    limit 50
  `)

/** A parent without a profile is named by what its children's sources call it; the top as its whole family is. */
async function nameParents(
  tx: Reader,
  chain: readonly Member[],
  self: Member,
  family: Pick<Family, 'uei' | 'name'> | undefined,
): Promise<FamilyMember[]> {
  return await Promise.all(
    chain.map(async (member, index) => {
      if (member.name !== null) return memberOf(member)
      const below = chain[index + 1] ?? self
      const said = member.uei === family?.uei ? family.name : (below.parentName ?? (await nameOf(tx, member.uei)))
      return { ...memberOf(member), name: said, activeContractsCount: 0 }
    }),
  )
}

async function nameOf(tx: Reader, uei: string | null): Promise<string | null> {
  const found = await tx.maybe<{ name: string | null }>(sql`
    select metadata ->> 'parentName' as name
    from contractors.contractor_profiles
    where parent_uei = ${uei}
      and metadata ->> 'parentUei' = ${uei}
    limit 1
  `)
  return found?.name ?? null
}

const memberOf = ({ familyUei, parentName, completedContractsCount, ...member }: Member): FamilyMember => member

const isShown = sql`not p.is_hidden and not p.is_placeholder and p.merged_into is null`

const memberColumns = sql`
  p.id, p.uei, p.name, p.parent_uei, p.city, p.state, p.total_contract_value,
  coalesce(p.active_contracts_count, 0) as active_contracts_count,
  (
    select count(*)::integer
    from contractors.contractor_profiles as below
    where below.parent_uei = p.uei
      and below.id <> p.id
      and not below.is_hidden
      and below.merged_into is null
  ) as child_count
`
