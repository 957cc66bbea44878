import { type UseFormReturnType, useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Problem } from '#platform/console'
import { changesOf, type Disputed, merge } from './merging.ts'

/** A resource as it was read, with the entity tag under which it may be changed. */
export type Loaded<T> = T & { readonly etag: string }

/** What is wrong with a field, if anything. */
type Rules<Fields> = { [Name in keyof Fields]?: (value: Fields[Name], fields: Fields) => string | null }

type Options<T, Fields> = {
  loaded: Loaded<T>
  read: (loaded: T) => Fields
  /** Saves the changed fields unless it is no longer as `etag` names it, and answers with what it is then. */
  write: (changes: Partial<Fields>, base: Loaded<T>, fields: Fields) => Promise<Loaded<T>>
  reload: () => Promise<Loaded<T>>
  validate?: Rules<Fields>
  onSaved?: (saved: Loaded<T>) => unknown
  /** What a refusal concerns, where its code alone says so. */
  fieldOf?: Readonly<Record<string, keyof Fields & string>>
}

/**
 * A form about one resource. Only what was changed is sent, and only upon what was shown: of two people who change different
 * fields both are kept; where they change the same, `disputed` has both, and nothing is saved until one has chosen.
 */
export function useEditing<T, Fields extends Record<string, unknown>>({
  loaded,
  read,
  write,
  reload,
  validate,
  onSaved,
  fieldOf = {},
}: Options<T, Fields>) {
  const [base, setBase] = useState(loaded)
  const [disputed, setDisputed] = useState<readonly Disputed[]>([])
  const form: UseFormReturnType<Fields> = useForm<Fields>({ initialValues: read(loaded), validate: validate as never })
  const isChanged = Object.keys(changesOf(read(base), form.values)).length > 0

  const rebase = (next: Loaded<T>, values = read(next)) => {
    setBase(next)
    form.setInitialValues(read(next))
    form.setValues(values)
    form.clearErrors()
  }

  // Nothing is typed yet: what somebody else has changed meanwhile is shown at once.
  useEffect(() => {
    if (loaded.etag !== base.etag && !isChanged) rebase(loaded)
  })

  const send = async (from: Loaded<T>, fields: Fields): Promise<Loaded<T> | undefined> => {
    try {
      return await write(changesOf(read(from), fields), from, fields)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error
      const theirs = await reload()
      const merged = merge(read(from), read(theirs), fields)
      rebase(theirs, merged.values)
      setDisputed(merged.disputed)
      return merged.disputed.length > 0 ? undefined : await send(theirs, merged.values)
    }
  }
  const saving = useMutation({
    mutationFn: (fields: Fields) => send(base, fields),
    onSuccess: saved => {
      if (!saved) return
      rebase(saved)
      notifications.show({ message: 'Saved.' })
      void onSaved?.(saved)
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      const field = fieldOf[error.code]
      form.setErrors(field ? { [field]: error.message } : { ...error.fields })
    },
  })
  const isAboutField = Object.keys(form.errors).some(name => name in form.values)
  return {
    form,
    isChanged,
    disputed,
    isSaving: saving.isPending,
    refusal: isAboutField ? null : saving.error,
    submit: form.onSubmit(fields => saving.mutate(fields)),
    undo: () => {
      saving.reset()
      setDisputed([])
      rebase(base)
    },
    /** Takes theirs of these disputed fields and leaves mine in the others, still to be saved. */
    settle: (names: readonly string[]) => {
      const theirs = read(base)
      form.setValues({
        ...form.values,
        ...Object.fromEntries(names.map(name => [name, theirs[name]])),
      } as Fields)
      setDisputed([])
    },
  }
}

export type Editing = Pick<
  ReturnType<typeof useEditing<unknown, Record<string, unknown>>>,
  'isChanged' | 'disputed' | 'isSaving' | 'refusal' | 'undo' | 'settle'
>
