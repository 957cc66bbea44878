import { Button, Group, Modal, Radio, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type FormEvent, useState } from 'react'
import { Refusal } from '#platform/console'
import type { Search } from '../search/search.ts'
import { type Alert, alertNames, type SavedSearch, useSaving } from './saved-searches.ts'

/** Names a search and says whether to be told: of a new one, or of one that is there (`saved`). */
export function SaveSearch({ search, saved, suggestion, close, done }: SaveSearchProps) {
  const saving = useSaving()
  const [name, setName] = useState(saved?.name ?? suggestion ?? '')
  const [isTold, setIsTold] = useState(false)
  const [alert, setAlert] = useState<Alert>(saved?.alert ?? 'never')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === '') return setIsTold(true)
    saving.mutate(
      { ...(saved && { id: saved.id }), name: name.trim(), alert, ...(search && { search }) },
      {
        onSuccess: made => {
          notifications.show({ message: saved ? 'Saved' : `Saved: ${made.name}` })
          done?.(made)
          close()
        },
      },
    )
  }
  return (
    <Modal
      opened
      onClose={close}
      title={saved ? 'Saved search' : 'Save this search'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label="Name"
            required
            maxLength={255}
            data-autofocus
            value={name}
            error={isTold && name.trim() === '' && 'Give the search a name.'}
            onChange={event => setName(event.currentTarget.value)}
          />
          <Radio.Group
            label="Tell me what is new in it"
            description="In the bell, and by mail as you want it: see your notification preferences."
            value={alert}
            onChange={value => setAlert(value as Alert)}
          >
            <Stack gap={8} mt="xs">
              {Object.entries(alertNames).map(([value, label]) => (
                <Radio key={value} value={value} label={label} />
              ))}
            </Stack>
          </Radio.Group>
          <Refusal error={saving.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={saving.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

type SaveSearchProps = {
  /** What is saved; without it only the name and the alert of `saved` change. */
  search?: Search
  saved?: SavedSearch
  suggestion?: string
  close: () => void
  done?: (saved: SavedSearch) => void
}
