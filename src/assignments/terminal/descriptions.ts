// What commands say in plain text.
import { type Reader, sql } from '#platform/database'
import type { Check } from '../planning/checks.ts'
import type { Comparison } from '../planning/past-plans.ts'
import type { SolverRun } from '../planning/runs.ts'
import type { Assignment } from '../rounds/assignments.ts'

export type TargetPeople = { targetId: string; name: string; minimum: number; people: { id: string; name: string }[] }

/** By the names of targets: those that somebody is on. */
export async function readPeople(tx: Reader, assignmentId: string): Promise<TargetPeople[]> {
  return await tx.run<TargetPeople>(sql`
    select
      target.id as target_id, target.name, target.required_count as minimum,
      jsonb_agg(
        jsonb_build_object('id', participant.id, 'name', participant.name)
        order by detail.position, participant.name, participant.id
      ) as people
    from assignments.assignment_details as detail
    join assignments.participants as participant
      on participant.tenant_id = detail.tenant_id and participant.id = detail.participant_id
    join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where detail.assignment_id = ${assignmentId}
    group by target.id, target.name, target.required_count
    order by target.name, target.id
  `)
}

export function describeRun(run: SolverRun): string {
  const { id, assignmentId, status, planStatus, cost, lowerBound, gap, acceptedRevision, fault, conflict, notes } = run
  const costs = cost === null ? '' : `, cost ${number(cost)}`
  const bound = lowerBound === null ? '' : `, none below ${number(lowerBound)}${gap ? ` (gap ${percent(gap)})` : ''}`
  return lines([
    `round ${assignmentId}`,
    `run ${id}: ${status}${planStatus === null ? '' : `, ${planStatus}`}${costs}${bound}`,
    ...(fault === null ? [] : [`  ${fault}`]),
    ...(conflict ? ['These cannot be met together:', ...conflict.demands.map(({ text }) => `  ${text}`)] : []),
    ...(conflict && conflict.mends.length > 0
      ? ['It would be mended by:', ...conflict.mends.map(({ text }) => `  ${text}`)]
      : []),
    ...run.shortages.map(({ name, missing }) => `  ${name}: ${missing} too few`),
    ...notes.map(note => `  ${note}`),
    ...(acceptedRevision === null ? [] : [`It is the round’s plan now, revision ${acceptedRevision}.`]),
    ...(status === 'queued' || status === 'running'
      ? [
          'A server goes on with it. How it ends, with the same --tenant and --user:',
          `  commonhold assignments show ${assignmentId} --run ${id}`,
        ]
      : []),
  ])
}

export function describeRound(round: Assignment, people: readonly TargetPeople[]): string {
  const { id, name, assignmentDate, endsOn, status, publishedAt, planStatus, cost } = round
  const days = endsOn === null ? assignmentDate : `${assignmentDate} to ${endsOn}`
  const state = status === 'active' ? (publishedAt === null ? 'draft' : 'published') : status
  const plan = planStatus === null ? '' : `, ${planStatus}${cost === null ? '' : `, cost ${number(cost)}`}`
  return lines([
    `${name ?? 'round'} ${id}: ${days}, ${state}${plan}`,
    ...people.map(each => {
      const missing = each.minimum - each.people.length
      const short = missing > 0 ? ` (${missing} too few)` : ''
      return `  ${each.name}: ${each.people.map(person => person.name).join(', ')}${short}`
    }),
    ...(people.length === 0 ? ['  nobody is on anything'] : []),
  ])
}

export function describeCheck({ holds, findings, cost, provenBound, claimed }: Check): string {
  return lines([
    holds ? 'It holds.' : 'It does not hold:',
    ...findings.map(finding => `  ${finding}`),
    ...(cost === null ? [] : [`cost ${number(cost)}`]),
    ...(provenBound === null ? [] : [`proved: no plan costs less than ${number(provenBound)}`]),
    ...(claimed === null ? [] : [`said by a solver, not proved here: ${claimed}`]),
  ])
}

export function describeComparison({ from, to, changes, fairness }: Comparison): string {
  const side = ({ cost, faults }: Comparison['from']) =>
    `${cost === null ? 'no cost' : `cost ${number(cost)}`}${faults > 0 ? `, ${faults} rules broken` : ''}`
  const placesOf = (places: readonly { name: string }[]) => places.map(({ name }) => name).join(', ') || 'nothing'
  return lines([
    `from: ${side(from)}, Gini ${fairness.from.gini.toFixed(3)}`,
    `to:   ${side(to)}, Gini ${fairness.to.gini.toFixed(3)}`,
    ...changes.map(change => `  ${change.name}: ${placesOf(change.from)} → ${placesOf(change.to)}`),
    ...(changes.length === 0 ? ['  nobody moves'] : []),
  ])
}

const number = (value: number) => String(Math.round(value * 1000) / 1000)
const percent = (value: number) => `${(value * 100).toFixed(2)} %`
const lines = (all: readonly string[]) => `${all.join('\n')}\n`
