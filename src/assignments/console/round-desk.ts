import { createContext, useContext } from 'react'
import type { Plan } from './round-plan.ts'
import type { Change } from './rounds.ts'
import type { Domain, Round } from './wire-types.ts'

/** A change of which a part is still to be chosen. */
export type Draft =
  | Change
  | { kind: 'add'; participantId?: string; targetId?: string }
  | { kind: 'move'; participantId: string; from: string }
  | { kind: 'swap'; participantIds: readonly [string]; targetIds: readonly [string] }

/** What all parts of a round's page share. */
export type Desk = {
  round: Round
  domain: Domain
  plan: Plan
  /** Who is on what may be changed, by this person and now. */
  isOpen: boolean
  /** Asks, with what it costs, before anything is changed. */
  propose: (draft: Draft) => void
  askWhyNot: (pair: { participantId?: string; targetId?: string }) => void
  reportDropOut: (pair: { participantId: string; targetId?: string }) => void
  setPinned: (pair: { participantId: string; targetId: string }, isPinned: boolean) => void
}

export const DeskContext = createContext<Desk | undefined>(undefined)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (!desk) throw new Error('useDesk is for the parts of a round’s page')
  return desk
}
