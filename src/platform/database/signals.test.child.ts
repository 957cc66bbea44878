import { Database, onSignal } from './index.ts'

// Another process of the installation: says what it has heard.
const db = new Database({ login: JSON.parse(process.argv[2] ?? '') })
onSignal(db, 'children', payload => {
  if (payload !== undefined) process.send?.(payload, () => process.connected && process.disconnect())
})
process.once('disconnect', () => db.close())
