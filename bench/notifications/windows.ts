// Another process than the server's, so that what it costs is not taken for the server's: opens a window for each cookie, and
// tells how long each notification was under way.
import { Agent, get } from 'node:http'

type Order = { address: string; cookies: string[] }

const now = () => performance.timeOrigin + performance.now()

process.once('message', ({ address, cookies }: Order) => {
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  let open = 0
  for (const cookie of cookies) {
    get(`${address}/api/v1/notifications/stream`, { agent, headers: { cookie } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const events = text.split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) {
          const sentAt = /"title":"sent ([\d.]+)"/.exec(event)?.[1]
          if (sentAt) process.send?.({ ms: now() - Number(sentAt) })
          else if (event.startsWith('event: unread')) open++
        }
        if (open === cookies.length) {
          open = Number.NaN
          process.send?.({ isOpen: true })
        }
      })
    })
  }
})
process.once('disconnect', () => process.exit())
