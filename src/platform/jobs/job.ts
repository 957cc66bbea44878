import type { App } from '#platform/app.ts'

/** A kind of background work. `cron` (UTC) makes it recur; it runs once at a time over all servers. */
export type Job<Data extends object = object> = {
  name: string
  description: string
  cron?: string
  retryLimit?: number
  run(data: Data, app: App): Promise<void>
}
