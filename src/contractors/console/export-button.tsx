import { Button, type ButtonProps } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { Icon, useSession } from '#platform/console'
import type { ExportSelection } from './exports.ts'

const ExportDialog = lazy(() => import('./export-dialog.tsx'))

/** Exports ticked contractors, a list or a search to a file; its dialog says what will be in it before it is made. */
export function ExportButton({ selection, ...button }: { selection: ExportSelection } & ButtonProps) {
  const { can } = useSession()
  const [isOpen, setOpen] = useState(false)
  if (!can('contractors.exports.run')) return null
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="download" size={16} />}
        {...button}
        onClick={() => setOpen(true)}
      >
        Export
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <ExportDialog selection={selection} close={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
