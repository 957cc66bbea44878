export { lastDigestMoment } from './digests.ts'
export { type Notice, notify } from './notices.ts'
