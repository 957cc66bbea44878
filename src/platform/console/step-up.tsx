import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import type { StepUpDialog } from './module.ts'
import { onStepUpNeeded } from './requests.ts'

/** Draws the module's dialog while the person is asked to confirm that it is still he. */
export function StepUp({ load }: { load: StepUpDialog }) {
  const [answer, setAnswer] = useState<(confirmed: boolean) => void>()
  const Dialog = useMemo(() => lazy(async () => ({ default: (await load()).Dialog })), [load])
  useEffect(() => onStepUpNeeded(() => new Promise<boolean>(resolve => setAnswer(() => resolve))), [])
  if (!answer) return null
  const onDone = (confirmed: boolean) => {
    setAnswer(undefined)
    answer(confirmed)
  }
  return (
    <Suspense>
      <Dialog onDone={onDone} />
    </Suspense>
  )
}
