// What was planned between two days, for whoever adds up loads.
import { type Reader, sql } from '#platform/database'
import { daysBetween, type Period } from '../boards/periods.ts'
import { getDomain } from '../domains/domains.ts'

export type PlannedRound = { id: string; name: string | null; startsOn: string; endsOn: string }
export type PlannedPerson = { id: string; name: string; joinedOn: string; isActive: boolean }

/** Rounds of a domain that begin in a period and have somebody, the oldest first: drafts too, as planning counts them; none that was cancelled. */
export async function listPlannedRounds(tx: Reader, domainId: string, period: Period): Promise<PlannedRound[]> {
  daysBetween(period)
  await getDomain(tx, domainId)
  return await tx.run<PlannedRound>(sql`
    select id, name, assignment_date as starts_on, coalesce(ends_on, assignment_date) as ends_on
    from assignments.assignments as assignment
    where domain_id = ${domainId}
      and assignment_date between ${period.from} and ${period.to}
      and status <> 'cancelled'
      and exists (
        select
        from assignments.assignment_details as detail
        where detail.tenant_id = assignment.tenant_id
          and detail.assignment_id = assignment.id
      )
    order by assignment_date, id
  `)
}

/** All that a domain ever had, by name. */
export async function listEverybody(tx: Reader, domainId: string): Promise<PlannedPerson[]> {
  return await tx.run<PlannedPerson>(sql`
    select id, name, joined_on, is_active
    from assignments.participants
    where domain_id = ${domainId}
    order by name, id
  `)
}
