import { request } from '#platform/console'
import type { Loaded } from './editing.ts'

/** Asks for one resource and keeps the entity tag that its answer names. */
export async function load<T extends object>(
  path: string,
  options: Parameters<typeof request>[1] = {},
): Promise<Loaded<T>> {
  let etag = ''
  const resource = await request<T>(path, {
    ...options,
    onEtag: named => {
      etag = named ?? ''
    },
  })
  return { ...resource, etag }
}
