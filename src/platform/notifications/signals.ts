import { type Queryable, sendSignal } from '#platform/database'

/** The channel of the ids of those for whom something is new or read; `*` for everybody. */
export const channel = 'notifications'

const mostNamed = 2_000
const portion = 200

/** Has the open consoles of these people look, on all servers, when `tx` commits. */
export async function announceTo(tx: Queryable, userIds: readonly string[]): Promise<void> {
  if (userIds.length > mostNamed) return await sendSignal(tx, channel, '*')
  for (let from = 0; from < userIds.length; from += portion) {
    await sendSignal(tx, channel, userIds.slice(from, from + portion).join(','))
  }
}
