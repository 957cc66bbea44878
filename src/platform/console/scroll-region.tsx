import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'

/**
 * A named region that scrolls within itself where its content is larger than it. Only then the keyboard stops at it: what
 * is seen as a whole needs no stop, and what scrolls could else not be scrolled without a mouse.
 */
export function ScrollRegion({ label, isBusy, className = 'scroll-x', children }: ScrollRegionProps) {
  const region = useRef<HTMLElement>(null)
  const [scrolls, setScrolls] = useState(false)

  // After each drawing: what is in it may be other elements.
  useLayoutEffect(() => {
    const element = region.current
    if (!element) return
    const watch = new ResizeObserver(() =>
      setScrolls(element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight),
    )
    for (const each of [element, ...element.children]) watch.observe(each)
    return () => watch.disconnect()
  })

  return (
    <section
      ref={region}
      className={className}
      tabIndex={scrolls ? 0 : undefined}
      aria-label={label}
      aria-busy={isBusy}
    >
      {children}
    </section>
  )
}

type ScrollRegionProps = { label: string; isBusy?: boolean; className?: string | undefined; children: ReactNode }
