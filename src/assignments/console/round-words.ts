import { formatCount } from '#platform/console'
import { periodName } from './days.ts'
import type { Change, Revision } from './rounds.ts'
import type { Round } from './wire-types.ts'

type Named = { name: string | null; assignmentDate: string; endsOn: string | null }

export const nameOfRound = ({ name, assignmentDate, endsOn }: Named): string =>
  name ?? periodName(assignmentDate, endsOn)

type RoundState = 'draft' | 'published' | 'completed' | 'cancelled'

export const stateOf = ({ status, publishedAt }: Pick<Round, 'status' | 'publishedAt'>): RoundState =>
  status !== 'active' ? status : publishedAt === null ? 'draft' : 'published'

export const stateNames: Readonly<Record<RoundState, string>> = {
  draft: 'Draft',
  published: 'Published',
  completed: 'Completed',
  cancelled: 'Cancelled',
}

export const stateColors: Readonly<Record<RoundState, string>> = {
  draft: 'yellow',
  published: 'pine',
  completed: 'gray',
  cancelled: 'gray',
}

/** `1 place is empty`, `3 places are empty`. */
export const emptyPlaces = (count: number): string =>
  count === 1 ? '1 place is empty' : `${formatCount(count)} places are empty`

/** Points are what plans are weighed in: 25 are one step of somebody's wish. */
export const points = (cost: number): string => {
  const text = new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(cost)
  return `${text} ${Math.abs(cost) === 1 ? 'point' : 'points'}`
}

type Effect = {
  costBefore: number | null
  costAfter: number | null
  missingBefore?: number
  missingAfter?: number
}

/** What a change does to the plan as a whole. */
export function effectInWords({ costBefore, costAfter, missingBefore = 0, missingAfter = 0 }: Effect): string {
  const emptied = missingAfter - missingBefore
  if (emptied > 0) return `${emptied === 1 ? 'One place more stays' : `${emptied} places more stay`} empty by it.`
  if (emptied < 0) return `It fills ${emptied === -1 ? 'a place' : `${-emptied} places`} that had stayed empty.`
  if (costBefore === null || costAfter === null) return 'What it does to the plan as a whole cannot be said.'
  const extra = costAfter - costBefore
  if (Math.abs(extra) < 0.05) return 'The plan as a whole stays as good as it is.'
  if (extra < 0) return 'The plan as a whole gets better by it.'
  return extra <= 25
    ? 'The plan as a whole gets a little worse: no more than one step of one person’s wishes.'
    : 'The plan as a whole gets worse: wishes or fair shares are met less well.'
}

/** How far from the best a plan can be at most, as a share of its cost. */
export function gapInWords(cost: number | null, lowerBound: number | null): string {
  if (cost === null) return 'No plan has been found yet.'
  if (lowerBound === null) return 'How much better a plan could be is not known yet.'
  if (cost - lowerBound < 0.05) return 'No better plan exists: this is proved.'
  return `A better plan may exist. It could save at most ${percent((cost - lowerBound) / Math.max(1, Math.abs(cost)))} of the cost.`
}

export const percent = (share: number): string =>
  new Intl.NumberFormat('en', { style: 'percent', maximumSignificantDigits: 2 }).format(share)

type Names = { person: (id: string) => string; target: (id: string) => string }

/** What is asked before it is done, as a title. */
export function questionOf(change: Change, { person, target }: Names): string {
  switch (change.kind) {
    case 'add':
      return `Put ${person(change.participantId)} on ${target(change.targetId)}?`
    case 'remove':
      return `Take ${person(change.participantId)} off ${target(change.targetId)}?`
    case 'move':
      return `Move ${person(change.participantId)} from ${target(change.from)} to ${target(change.to)}?`
    case 'swap':
      return `Swap ${person(change.participantIds[0])} and ${person(change.participantIds[1])}?`
  }
}

/** Where everybody is afterwards. */
export function outcomeOf(change: Change, { person, target }: Names): string | undefined {
  if (change.kind !== 'swap') return undefined
  const [[one, other], [from, to]] = [change.participantIds, change.targetIds]
  return `${person(one)} goes to ${target(to)}, ${person(other)} to ${target(from)}.`
}

/** What made a plan of a round. */
export function nameOfAction({ action, showsNumber }: Pick<Revision, 'action' | 'showsNumber'>): string {
  if (action !== 'undo' && action !== 'restore') return actionNames[action]
  return showsNumber === 0 ? 'Back to nobody on anything' : `Back to plan ${showsNumber}`
}

const actionNames: Readonly<Record<Revision['action'], string>> = {
  plan: 'Planned',
  accept: 'Plan accepted',
  move: 'Changed by hand',
  replan: 'Replanned after a drop-out',
  undo: 'Undone',
  restore: 'Taken back to an earlier plan',
  edit: 'Changed by hand',
}
