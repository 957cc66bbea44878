import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import type { StepUpDialog } from './module.ts'
import { type ConfirmationReason, onStepUpNeeded } from './requests.ts'

/** Draws the module's dialog while the person is asked to confirm that it is still he. */
export function StepUp({ load }: { load: StepUpDialog }) {
  const [asked, setAsked] = useState<{ reason: ConfirmationReason; answer: (confirmed: boolean) => void }>()
  const Dialog = useMemo(() => lazy(async () => ({ default: (await load()).Dialog })), [load])
  useEffect(() => onStepUpNeeded(reason => new Promise<boolean>(resolve => setAsked({ reason, answer: resolve }))), [])
  if (!asked) return null
  const onDone = (confirmed: boolean) => {
    setAsked(undefined)
    asked.answer(confirmed)
  }
  return (
    <Suspense>
      <Dialog onDone={onDone} reason={asked.reason} />
    </Suspense>
  )
}
