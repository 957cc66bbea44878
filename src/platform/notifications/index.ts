export { type Notice, notify } from './notices.ts'
