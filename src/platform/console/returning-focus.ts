import { type RefObject, useEffect, useRef } from 'react'

/**
 * For the button that a form takes the place of: when the form is gone (`isAway` ends), the focus that it had goes to the
 * button instead of nowhere.
 */
export function useReturningFocus<Target extends HTMLElement>(isAway: boolean): RefObject<Target | null> {
  const target = useRef<Target>(null)
  const wasAway = useRef(isAway)
  useEffect(() => {
    if (wasAway.current && !isAway) target.current?.focus()
    wasAway.current = isAway
  }, [isAway])
  return target
}
