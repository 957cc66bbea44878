import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { notify } from '#platform/notifications'

/** How long before its end somebody is told of a key, in days. */
const remindedBefore = 7

type EndingKey = {
  tenantId: string
  tenantName: string
  keyName: string
  ownerName: string
  isOwn: boolean
  expiresAt: Date
  toTell: string | null
}

export const tellOfEndingKeys: Job = {
  name: 'accounts.tell-of-ending-keys',
  description: 'Tells whoever made an API key a week before it ends, once',
  cron: '10 6 * * *',
  async run(_data, app) {
    await app.db.transaction({ system: true }, async tx => {
      const keys = await tx.run(sql<EndingKey>`select * from accounts.take_ending_keys(${remindedBefore})`)
      for (const { tenantId, tenantName, keyName, ownerName, isOwn, expiresAt, toTell } of keys) {
        if (toTell === null) continue
        const day = expiresAt.toISOString().slice(0, 10)
        await notify(app, tx, {
          userId: toTell,
          tenantId,
          kind: 'accounts.key_ends',
          title: `The API key ${keyName} ends on ${day}`,
          message: `${isOwn ? 'It is a key of yours' : `It is a key of ${ownerName}`} in ${tenantName}. Rotate it before then: programs that use it are refused afterwards.`,
          link: '/api-keys',
        })
      }
    })
  },
}
