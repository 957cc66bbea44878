import { Clients } from './clients.tsx'
import { installation } from './own-clients.ts'

/** The applications that every workspace knows, for operators. */
export function Page() {
  return (
    <Clients
      owner={installation}
      title="Applications of the installation"
      lead="Every workspace knows these: their people may use them as soon as they allow it, each within what he may himself."
      empty="Make one for a program that people of all workspaces are to use, such as a mobile app of yours or the command line."
    />
  )
}
