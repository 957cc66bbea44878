import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { nullable } from '#platform/http'

const NaicsStep = Type.Object({ code: Type.String(), title: Type.String() })

/** A code of the North American Industry Classification System; `parents` from the sector down to its own parent. */
export const NaicsCode = Type.Object({
  code: Type.String({ description: '2 to 6 digits; three sectors are ranges such as `31-33`' }),
  edition: Type.Integer({ description: 'The newest that has the code: 2022 or 2017', examples: [2022] }),
  level: Type.Integer({ minimum: 2, maximum: 6, description: 'How many digits the level has' }),
  title: Type.String(),
  parents: Type.Array(NaicsStep),
  hasChildren: Type.Boolean(),
})
export type NaicsCode = Static<typeof NaicsCode>

/** A SAM business type. */
export const BusinessType = Type.Object({
  code: Type.String(),
  name: Type.String(),
  meaning: nullable(Type.String({ description: 'What it means beyond its name; null where the name says it' })),
  category: Type.String({
    description: '`government`, `socioeconomic`, `sba_certified`, `profit_structure`, `organization_factor` or `other`',
  }),
  isCertification: Type.Boolean({ description: 'Given by the SBA, and ends on a day that the profile tells' }),
})
export type BusinessType = Static<typeof BusinessType>

export type NaicsFilters = { q?: string; parent?: string; edition?: number | undefined; limit: number }

/**
 * NAICS codes that begin with the digits, or whose title has all the words (each as a beginning); below `parent` only; of
 * all editions each code once, the newest, unless an edition is named. Codes come in their order, titles that have the
 * words in the order of level: the widest first.
 */
export async function findNaicsCodes(
  tx: Queryable,
  { q = '', parent, edition, limit }: NaicsFilters,
): Promise<NaicsCode[]> {
  const digits = /^\d{1,6}(-\d{2})?$/.test(q.trim()) ? q.trim() : undefined
  const words =
    digits === undefined
      ? q
          .toLowerCase()
          .match(/[\p{L}\d]+/gu)
          ?.slice(0, 10)
      : undefined
  return await tx.run<NaicsCode>(sql`
    with recursive found as materialized (
      select distinct on (n.code) n.code, n.edition, n.level, n.title, n.parent_code
      from contractors.naics_codes as n
      where ${edition === undefined ? sql`true` : sql`n.edition = ${edition}`}
        and ${parent === undefined ? sql`true` : sql`n.parent_code = ${parent}`}
        and ${
          digits === undefined
            ? sql`true`
            : sql`(
          n.code like ${`${digits}%`}
          or n.code like '__-__' and left(${digits}, 2) between left(n.code, 2) and right(n.code, 2) and length(${digits}) = 2
        )`
        }
        and ${
          words === undefined
            ? sql`true`
            : sql`(select bool_and(n.title ~* ('\\m' || word)) from unnest(${words}::text[]) as word)`
        }
        and ${parent === undefined && digits === undefined && words === undefined ? sql`n.level = 2` : sql`true`}
      order by n.code, n.edition desc
    ),
    page as (
      select *
      from found
      order by ${words === undefined ? sql`` : sql`level,`} code
      limit ${limit}
    ),
    climb as (
      select page.code as of_code, up.code, up.title, up.parent_code, up.edition, up.level
      from page
      join contractors.naics_codes as up on up.code = page.parent_code and up.edition = page.edition
      union all
      select climb.of_code, up.code, up.title, up.parent_code, up.edition, up.level
      from climb
      join contractors.naics_codes as up on up.code = climb.parent_code and up.edition = climb.edition
    )
    select page.code, page.edition, page.level, page.title,
      coalesce(
        (
          select jsonb_agg(jsonb_build_object('code', climb.code, 'title', climb.title) order by climb.level)
          from climb
          where climb.of_code = page.code
        ),
        '[]'
      ) as parents,
      exists (
        select
        from contractors.naics_codes as child
        where child.edition = page.edition
          and child.parent_code = page.code
      ) as has_children
    from page
    order by ${words === undefined ? sql`` : sql`page.level,`} page.code
  `)
}

/** All business types by name; with words those whose code is that, or whose name or meaning has them. */
export async function listBusinessTypes(tx: Queryable, q = ''): Promise<BusinessType[]> {
  const words = q
    .toLowerCase()
    .match(/[\p{L}\d]+/gu)
    ?.slice(0, 10)
  return await tx.run<BusinessType>(sql`
    select code, name, meaning, category, is_certification
    from contractors.business_types
    where ${
      words === undefined
        ? sql`true`
        : sql`(
            upper(${q.trim()}) = code
            or (
              select bool_and(name || ' ' || coalesce(meaning, '') ~* ('\\m' || word))
              from unnest(${words}::text[]) as word
            )
          )`
    }
    order by name
  `)
}
