import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { Board as ServedBoard } from '../boards/boards.ts'
import { inOrderOfTheWeek } from './board-order.ts'

export type Board = OnTheWire<ServedBoard>
export type BoardRound = Board['rounds'][number]
export type BoardTarget = Board['targets'][number]
export type Occurrence = BoardTarget['occurrences'][number]

export const boardQuery = (domainId: string, period: { from: string; to: string }) =>
  queryOptions({
    queryKey: ['assignments', 'boards', domainId, period],
    queryFn: ({ signal }) => request<Board>(`/assignment-domains/${domainId}/board`, { query: period, signal }),
    select: (board: Board) => ({ ...board, targets: inOrderOfTheWeek(board.targets, period) }),
    placeholderData: keepPreviousData,
  })

export const missingIn = ({ minimum, people }: Pick<Occurrence, 'minimum' | 'people'>) =>
  Math.max(0, minimum - people.length)

/** `08:00–12:00`; nothing where it has no times. */
export const timesOf = ({ startsAt, endsAt }: Pick<Occurrence, 'startsAt' | 'endsAt'>) =>
  startsAt === null ? '' : endsAt === null ? startsAt : `${startsAt}–${endsAt}`
