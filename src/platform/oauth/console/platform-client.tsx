import { ClientPage } from './client.tsx'
import { installation } from './own-clients.ts'

/** One application that every workspace knows, for operators. */
export function Page() {
  return <ClientPage owner={installation} />
}
