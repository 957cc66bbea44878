import { Badge, Button, Combobox, Group, NativeSelect, Skeleton, Text, Textarea, useCombobox } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, formatAgo, formatExactTime, LoadMore, Refusal, request } from '#platform/console'
import { listQuery } from './lists.ts'
import {
  type Comment,
  commentsQuery,
  memberPlace,
  type Person,
  type Place,
  shareesQuery,
  sharesQuery,
} from './share-queries.ts'
import classes from './sharing.module.css'

/** What members say about a list of theirs. */
export function ListComments({ listId }: { listId: string }) {
  const list = useQuery(listQuery(listId)).data
  const shares = useQuery(sharesQuery(listId)).data?.items ?? []
  const mayComment = list?.isMine || shares.some(share => share.isMine && share.permission !== 'view')
  return (
    <Comments
      place={memberPlace(listId)}
      mayComment={mayComment === true}
      isOwner={list?.isMine === true}
      listId={listId}
    />
  )
}

type CommentsProps = {
  place: Place
  mayComment: boolean
  isOwner?: boolean
  /** Of members, who can mention each other. */
  listId?: string
  /** Contractors that one can comment on. */
  items?: readonly { id: string; name: string }[]
}

export function Comments({ place, mayComment, isOwner = false, listId, items = [] }: CommentsProps) {
  const query = useInfiniteQuery(commentsQuery(place))
  const comments = query.data?.pages.flatMap(page => page.items) ?? []
  const known = new Set(comments.map(({ id }) => id))
  const threads = comments.filter(({ parentId }) => parentId === null || !known.has(parentId))
  return (
    <section aria-label="Comments">
      {mayComment && <CommentForm place={place} listId={listId} items={items} />}
      <div className="panel" style={{ marginTop: mayComment ? 16 : 0 }}>
        {query.isPending ? (
          <Skeleton height={120} aria-label="Loading the comments" />
        ) : query.error && comments.length === 0 ? (
          <div style={{ padding: 16 }}>
            <ErrorState error={query.error} retry={() => void query.refetch()} />
          </div>
        ) : threads.length === 0 ? (
          <EmptyState icon="pencil" title="No comments yet">
            {mayComment ? 'Write the first one above.' : 'The list is shared with you to look at.'}
          </EmptyState>
        ) : (
          <ul className={classes.rows}>
            {threads.map(comment => (
              <Thread
                key={comment.id}
                comment={comment}
                answers={comments.filter(({ parentId }) => parentId === comment.id).reverse()}
                {...{ place, mayComment, isOwner, listId, items }}
              />
            ))}
          </ul>
        )}
        <LoadMore query={query} label="Show earlier comments" />
      </div>
    </section>
  )
}

type ThreadProps = Required<Pick<CommentsProps, 'place' | 'mayComment' | 'isOwner' | 'items'>> & {
  comment: Comment
  answers: readonly Comment[]
  listId: string | undefined
}

function Thread({ comment, answers, place, mayComment, isOwner, listId, items }: ThreadProps) {
  const [isAnswering, setIsAnswering] = useState(false)
  const about = items.find(({ id }) => id === comment.itemId)
  return (
    <li className={classes.comment}>
      {about && (
        <Text size="xs" c="dimmed">
          On {about.name}
        </Text>
      )}
      <Said
        {...{ comment, place, mayComment, isOwner }}
        onAnswer={mayComment ? () => setIsAnswering(true) : undefined}
      />
      {(answers.length > 0 || isAnswering) && (
        <ul className={classes.answers}>
          {answers.map(answer => (
            <li key={answer.id}>
              <Said comment={answer} {...{ place, mayComment, isOwner }} />
            </li>
          ))}
          {isAnswering && (
            <li>
              <CommentForm
                place={place}
                listId={listId}
                items={[]}
                parentId={comment.id}
                done={() => setIsAnswering(false)}
              />
            </li>
          )}
        </ul>
      )}
    </li>
  )
}

type SaidProps = {
  comment: Comment
  place: Place
  mayComment: boolean
  isOwner: boolean
  onAnswer?: (() => void) | undefined
}

function Said({ comment, place, mayComment, isOwner, onAnswer }: SaidProps) {
  const client = useQueryClient()
  const [draft, setDraft] = useState<string>()
  const path = `${place.base}/comments/${comment.id}`
  const settle = {
    onError: (error: Error) =>
      notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: place.key }),
  }
  const edit = useMutation({
    mutationFn: (body: string) => request(path, { method: 'PATCH', body: { body } }),
    ...settle,
    onSuccess: () => setDraft(undefined),
  })
  const remove = useMutation({ mutationFn: () => request(path, { method: 'DELETE' }), ...settle })
  const { author, body, mentions } = comment
  return (
    <>
      <Group gap={8}>
        <Text size="sm" fw={560} style={{ overflowWrap: 'anywhere' }}>
          {author.name}
        </Text>
        {author.isGuest && (
          <Badge size="xs" variant="light" color="gray" tt="none">
            guest
          </Badge>
        )}
        <Text
          size="xs"
          c="dimmed"
          component="time"
          dateTime={comment.createdAt}
          title={formatExactTime(comment.createdAt)}
        >
          {formatAgo(comment.createdAt)}
          {comment.editedAt && ', changed'}
        </Text>
      </Group>
      {draft === undefined ? (
        <div className={classes.text}>
          {body ?? (
            <Text span size="sm" c="dimmed" fs="italic">
              This comment was removed.
            </Text>
          )}
        </div>
      ) : (
        <>
          <Textarea
            mt={6}
            aria-label="Your comment"
            autosize
            minRows={2}
            maxLength={place.longest}
            value={draft}
            onChange={event => setDraft(event.currentTarget.value)}
          />
          <Group gap="xs" mt="xs">
            <Button size="xs" loading={edit.isPending} disabled={!draft.trim()} onClick={() => edit.mutate(draft)}>
              Save
            </Button>
            <Button size="xs" variant="default" onClick={() => setDraft(undefined)}>
              Cancel
            </Button>
          </Group>
        </>
      )}
      {mentions.length > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          Mentions {mentions.map(({ name }) => name).join(', ')}
        </Text>
      )}
      {draft === undefined && body !== null && (
        <Group gap={4} mt={2} ml={-8}>
          {onAnswer && (
            <Button size="compact-xs" variant="subtle" color="gray" onClick={onAnswer}>
              Answer
            </Button>
          )}
          {comment.isMine && mayComment && (
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDraft(body)}>
              Edit
            </Button>
          )}
          {(comment.isMine || isOwner) && (
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Remove
            </Button>
          )}
        </Group>
      )}
    </>
  )
}

type CommentFormProps = {
  place: Place
  listId: string | undefined
  items: readonly { id: string; name: string }[]
  parentId?: string
  done?: () => void
}

function CommentForm({ place, listId, items, parentId, done }: CommentFormProps) {
  const client = useQueryClient()
  const [body, setBody] = useState('')
  const [itemId, setItemId] = useState('')
  const [mentioned, setMentioned] = useState<readonly Person[]>([])
  const write = useMutation({
    mutationFn: () =>
      request(`${place.base}/comments`, {
        method: 'POST',
        body: {
          body,
          ...(itemId && { itemId }),
          ...(parentId && { parentId }),
          ...(listId && {
            mentions: mentioned.filter(person => body.includes(`@${nameOf(person)}`)).map(({ userId }) => userId),
          }),
        },
      }),
    onSuccess: () => {
      setBody('')
      setMentioned([])
      done?.()
    },
    onSettled: () => client.invalidateQueries({ queryKey: place.key }),
  })
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (body.trim()) write.mutate()
      }}
    >
      <Refusal error={write.error} />
      <BodyField
        listId={listId}
        longest={place.longest}
        label={parentId ? 'Your answer' : 'Your comment'}
        value={body}
        onChange={setBody}
        onMention={person => setMentioned([...mentioned, person])}
      />
      <Group gap="xs" mt="xs" justify="space-between">
        {items.length > 0 ? (
          <NativeSelect
            size="xs"
            maw={320}
            aria-label="What the comment is about"
            value={itemId}
            onChange={event => setItemId(event.currentTarget.value)}
            data={[
              { value: '', label: 'About the list' },
              ...items.map(({ id, name }) => ({ value: id, label: `About ${name}` })),
            ]}
          />
        ) : (
          <Text size="xs" c="dimmed">
            {listId && 'Type @ and a name to mention a colleague.'}
          </Text>
        )}
        <Group gap="xs">
          {done && (
            <Button size="xs" variant="default" onClick={done}>
              Cancel
            </Button>
          )}
          <Button size="xs" type="submit" loading={write.isPending} disabled={!body.trim()}>
            {parentId ? 'Answer' : 'Comment'}
          </Button>
        </Group>
      </Group>
    </form>
  )
}

type BodyFieldProps = {
  listId: string | undefined
  longest: number
  label: string
  value: string
  onChange: (text: string) => void
  onMention: (person: Person) => void
}

const nameOf = (person: Person) => person.fullName ?? person.email

function BodyField({ listId, longest, label, value, onChange, onMention }: BodyFieldProps) {
  const combobox = useCombobox()
  const typed = /(?:^|\s)@([\p{L}\p{N}._-]{1,40})$/u.exec(value)?.[1] ?? ''
  const { data } = useQuery({
    ...shareesQuery(listId ?? '', typed, 'readers'),
    enabled: listId !== undefined && typed !== '',
  })
  const found = typed === '' ? [] : (data?.items ?? [])
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={userId => {
        const person = found.find(each => each.userId === userId)
        if (person) {
          onChange(`${value.slice(0, value.length - typed.length)}${nameOf(person)} `)
          onMention(person)
        }
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target>
        <Textarea
          aria-label={label}
          placeholder={label}
          autosize
          minRows={2}
          maxRows={12}
          maxLength={longest}
          value={value}
          onChange={event => {
            onChange(event.currentTarget.value)
            combobox.openDropdown()
          }}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={found.length === 0}>
        <Combobox.Options aria-label="Colleagues">
          {found.map(person => (
            <Combobox.Option key={person.userId} value={person.userId}>
              {nameOf(person)}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
