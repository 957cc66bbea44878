import { SecretDialog } from '#platform/console'
import type { NewShare } from './share-queries.ts'

/** The link for somebody outside, shown this once. */
export function ShareLink({ share, close }: { share: NewShare; close: () => void }) {
  if (!share.link) return null
  return (
    <SecretDialog title={`The link for ${share.email}`} label="Link" secret={share.link} close={close}>
      {share.isMailed ? `It is on its way to ${share.email}.` : 'It was not mailed: pass it on yourself.'} Whoever has
      it {share.hasPassword ? 'and knows the password ' : ''}can open the list, and it is shown only now. Another one
      can be made at any time.
    </SecretDialog>
  )
}
