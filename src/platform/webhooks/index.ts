export { emitEvent, type WebhookEvent } from './events.ts'
