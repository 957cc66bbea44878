import { createHash } from 'node:crypto'
import type { Sharp } from 'sharp'
import { type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'

/** What a picture may be sent as; which of these it is, is seen from its content. */
export const avatarTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const
/** The most bytes that a picture is sent as. */
export const avatarLimit = 5 * 1024 * 1024

/** What is made of a picture: its middle as a square, or all of it within these bounds. */
type Shape = { width: number; height: number; fit: 'cover' | 'inside' }
const avatar: Shape = { width: 256, height: 256, fit: 'cover' }
/** A telephone makes 50 million pixels; a few kilobytes of PNG may claim thousands of millions. */
const mostPixels = 60_000_000
const mostSeconds = 10
const mostBytes = 100_000

/** A picture as it is kept: WebP, 256 by 256 unless another shape was asked for. */
export type Picture = { content: Buffer; contentHash: Buffer }

/**
 * Makes a picture anew from an uploaded PNG, JPEG, WebP or GIF: its middle, upright, the first frame, without metadata;
 * with another shape all of it.
 * Of the sent bytes none are kept, so what else they may be (a page, a script, an archive) does not matter.
 */
export async function makePicture(
  upload: Buffer,
  { width: mostWide, height: mostHigh, fit } = avatar,
): Promise<Picture> {
  const format = formatOf(upload)
  if (format === undefined) throw errors.pictureUnreadable()
  return await admitted(async () => {
    const { default: sharp } = await decoder()
    try {
      const input = sharp(upload, { limitInputPixels: mostPixels, failOn: 'error', sequentialRead: true })
      const { width, height, format: seen } = await input.metadata()
      if (seen !== format) throw errors.pictureUnreadable()
      if (width * height > mostPixels) throw errors.pictureTooLarge()
      const drawn = input
        .timeout({ seconds: mostSeconds })
        .autoOrient()
        .resize(mostWide, mostHigh, { fit, withoutEnlargement: fit === 'inside' })
        .toColourspace('srgb')
      for (const quality of [84, 60, 30]) {
        const content = await webp(drawn, quality)
        if (content.length <= mostBytes) return { content, contentHash: createHash('sha256').update(content).digest() }
      }
      throw errors.pictureUnreadable()
    } catch (error) {
      throw refusalOf(error)
    }
  })
}

const webp = (drawn: Sharp, quality: number) => drawn.clone().webp({ quality }).toBuffer()

function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || 'kind' in error) return error
  return /pixel limit/i.test(error.message) ? errors.pictureTooLarge({}, error) : errors.pictureUnreadable({}, error)
}

/** What the first bytes say; SVG and whatever else the library could read is not among it. */
function formatOf(bytes: Buffer): 'png' | 'jpeg' | 'webp' | 'gif' | undefined {
  const start = bytes.subarray(0, 12).toString('latin1')
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'webp'
  return /^GIF8[79]a/.test(start) ? 'gif' : undefined
}

let loading: Promise<typeof import('sharp')> | undefined

/** The library is 20 MB of machine code: loaded with the first picture. Its readers of all other formats are shut. */
function decoder(): Promise<typeof import('sharp')> {
  loading ??= import('sharp').then(loaded => {
    const { default: sharp } = loaded
    sharp.concurrency(1)
    sharp.cache(false)
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({
      operation: ['Png', 'Jpeg', 'Webp', 'Nsgif'].map(format => `VipsForeignLoad${format}Buffer`),
    })
    return loaded
  })
  return loading
}

const mostWaiting = 20
const waiting: (() => void)[] = []
let isBusy = false

/** One picture at a time: a large one takes 200 MB for half a second. */
async function admitted<T>(work: () => Promise<T>): Promise<T> {
  if (isBusy) {
    if (waiting.length >= mostWaiting) throw errors.picturesBusy()
    await new Promise<void>(resolve => waiting.push(resolve))
  }
  isBusy = true
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else isBusy = false
  }
}

/**
 * Gives a user this picture, in the place of the one that he has; returns its address, another for each picture. `tx` is
 * a transaction in the system scope.
 */
export async function setAvatar(tx: Queryable, userId: string, { content, contentHash }: Picture): Promise<string> {
  // First, so that of two at once the address goes with the picture.
  await tx.run(sql`select from identity.user_profiles where user_id = ${userId} for no key update`)
  await tx.run(sql`
    insert into identity.avatars (user_id, content, content_hash)
    values (${userId}, ${content}, ${contentHash})
    on conflict (user_id) do update
    set
      content = excluded.content,
      content_hash = excluded.content_hash`)
  const url = `/api/v1/users/${userId}/avatar?v=${contentHash.toString('base64url').slice(0, 16)}`
  await tx.run(sql`
    update identity.user_profiles
    set avatar_url = ${url}
    where user_id = ${userId}`)
  return url
}

/** Takes the picture away, if there is one. `tx` is a transaction in the system scope. */
export async function removeAvatar(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    update identity.user_profiles
    set avatar_url = null
    where user_id = ${userId}
      and avatar_url is not null`)
  await tx.run(sql`delete from identity.avatars where user_id = ${userId}`)
}

/** The picture of somebody in sight of `tx`: oneself, and who shares the tenant. `content` is null where `knownTags` has it. */
export async function getAvatar(
  tx: Queryable,
  userId: string,
  knownTags: readonly string[],
): Promise<{ content: Buffer | null; etag: string }> {
  const avatar = await tx.maybe(sql<{ content: Buffer | null; etag: string }>`
    select
      case when '"' || encode(content_hash, 'hex') || '"' <> all (${knownTags}::text[]) then content end as content,
      '"' || encode(content_hash, 'hex') || '"' as etag
    from identity.avatars
    where user_id = ${userId}`)
  if (!avatar) throw errors.avatarNotFound()
  return avatar
}
