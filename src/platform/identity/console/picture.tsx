import { Avatar, Button, FileButton, Group, Progress, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { Icon } from '#platform/console'
import { useRefreshedPerson } from './own-profile.ts'
import { readPicture, removePicture, sendPicture } from './pictures.ts'
import classes from './profile.module.css'

/** One's picture; a file that is chosen or dropped on it is sent at once. */
export function Picture({ url, name }: { url: string | null; name: string }) {
  const refresh = useRefreshedPerson()
  const [preview, setPreview] = useState<string>()
  const [share, setShare] = useState(0)
  const [isOver, setIsOver] = useState(false)
  const resetInput = useRef<() => void>(null)

  const sending = useMutation({
    mutationFn: async (file: File) => {
      setShare(0)
      const draft = await readPicture(file)
      setPreview(draft.preview)
      await sendPicture(draft.blob, setShare)
      await refresh()
    },
    onSettled: () => {
      setPreview(undefined)
      resetInput.current?.()
    },
  })
  const removing = useMutation({
    mutationFn: async () => {
      await removePicture()
      await refresh()
    },
  })
  const isBusy = sending.isPending || removing.isPending
  const error = sending.error ?? removing.error
  const choose = (file: File | null | undefined) => {
    if (!file || isBusy) return
    removing.reset()
    sending.mutate(file)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(false)
    choose(event.dataTransfer.files[0])
  }

  return (
    <section
      aria-label="Picture"
      className={classes.picture}
      data-over={isOver || undefined}
      onDragOver={event => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={onDrop}
    >
      <Avatar
        src={preview ?? url}
        alt={preview ? 'The picture that is being sent' : 'Your picture'}
        size={88}
        radius="50%"
        color="pine"
        style={{ opacity: preview ? 0.6 : 1 }}
      >
        {initialsOf(name)}
      </Avatar>
      <div className={classes.about}>
        <Group gap="xs">
          <FileButton onChange={choose} accept="image/*" resetRef={resetInput}>
            {props => (
              <Button {...props} variant="default" size="xs" loading={sending.isPending}>
                {url ? 'Change the picture' : 'Choose a picture'}
              </Button>
            )}
          </FileButton>
          {url && (
            <Button
              variant="subtle"
              color="gray"
              size="xs"
              disabled={sending.isPending}
              loading={removing.isPending}
              onClick={() => {
                sending.reset()
                removing.mutate()
              }}
            >
              Remove
            </Button>
          )}
        </Group>
        {sending.isPending ? (
          <Progress value={share * 100} size="sm" mt={8} aria-label="Sent of the picture" />
        ) : (
          <Text size="xs" c="dimmed" mt={6}>
            Or drop one here. Its middle is shown, to you and to the people of your workspaces.
          </Text>
        )}
        <span className="visually-hidden" role="status">
          {sending.isSuccess && 'Your picture was changed.'}
        </span>
        {error && (
          <Text size="sm" c="var(--mantine-color-error)" mt={4} role="alert">
            <Icon name="alert" size={14} style={{ verticalAlign: '-2px' }} /> {error.message}
          </Text>
        )}
      </div>
    </section>
  )
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map(word => [...(word ?? '')][0] ?? '').join('')
}
