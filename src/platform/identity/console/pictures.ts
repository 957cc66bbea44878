import { Problem, request } from '#platform/console'

/** What the server takes; what a camera gives besides is turned into one of these here. */
const types = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']
const mostBytes = 5 * 1024 * 1024
/** A picture of more bytes is made smaller before it is sent: it is shown small, and the way up is slow. */
const smallEnough = 1024 * 1024
const mostPixels = 1024

/** A picture ready to be sent, with an address at which a page shows it at once. */
export type Draft = { blob: Blob; preview: string }

export async function readPicture(file: File): Promise<Draft> {
  const blob = file.size <= smallEnough && types.includes(file.type) ? file : await shrink(file)
  return { blob, preview: await addressOf(blob) }
}

async function shrink(file: File): Promise<Blob> {
  const image = await createImageBitmap(file).catch(() => undefined)
  if (!image) {
    if (types.includes(file.type) && file.size <= mostBytes) return file
    throw new Error('This file cannot be shown as a picture. Choose a PNG, JPEG, WebP or GIF file.')
  }
  const scale = Math.min(1, mostPixels / Math.min(image.width, image.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(image.width * scale))
  canvas.height = Math.max(1, Math.round(image.height * scale))
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  image.close()
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/webp', 0.9))
  if (!blob || blob.size > mostBytes) throw new Error('This picture is too large. Choose a smaller one.')
  return blob
}

// The Content-Security-Policy lets pages show no blob: addresses.
function addressOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(new Error('The file could not be read.'))
    reader.readAsDataURL(blob)
  })
}

/** Sends a picture and tells how much of it has gone, 0 to 1: `fetch` could not. */
export function sendPicture(blob: Blob, tell: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest()
    sending.open('PUT', '/api/v1/me/avatar')
    sending.setRequestHeader('content-type', blob.type)
    sending.setRequestHeader('accept', 'application/json')
    sending.responseType = 'json'
    sending.upload.onprogress = ({ loaded, total }) => tell(total > 0 ? loaded / total : 0)
    sending.onload = () => {
      if (sending.status < 300) return resolve()
      const { code = 'console.unknown', detail = 'The picture was not accepted.' } = sending.response ?? {}
      reject(new Problem(sending.status, code, detail))
    }
    sending.onerror = () =>
      reject(new Problem(0, 'console.unreachable', 'The server cannot be reached. Check the connection and try again.'))
    sending.send(blob)
  })
}

export const removePicture = () => request('/me/avatar', { method: 'DELETE' })
