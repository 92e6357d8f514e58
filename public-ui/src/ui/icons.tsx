const PATHS = {
  alert: 'M12 8v5M12 16.2v.1M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2z',
  check: 'M4.5 12.5l5 5L19.5 7',
  chevron: 'M9 5l7 7-7 7',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18M12 7v5l3.5 2',
  closed: 'M12 3a9 9 0 100 18 9 9 0 000-18M8 12h8',
  down: 'M5 9l7 7 7-7',
  download: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  flask: 'M9 3h6M10 3v6L4.5 19a1.5 1.5 0 001.3 2h12.4a1.5 1.5 0 001.3-2L14 9V3M7.5 15h9',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18M12 11v5M12 7.6v.1',
  nowifi:
    'M3 3l18 18M2.5 9A14 14 0 017 6.2M11 5.2A14 14 0 0121.5 9M6 12.7a9 9 0 014.5-2.3M15.5 11.2a9 9 0 012.5 1.5M9.3 16.3a4 4 0 015.4 0M12 19.5v.1',
  pause: 'M9 5v14M15 5v14',
  screen: 'M3 5h18v11H3zM8 20h8M12 16v4',
  seal: 'M12 3a7 7 0 100 14 7 7 0 000-14M9 10l2.2 2.2L15.2 8M8.5 16L7 22l5-2.5L17 22l-1.5-6',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13M15.5 15.5L21 21',
  share: 'M12 15V4M8 8l4-4 4 4M5 12v8h14v-8',
  ticket: 'M3 7h18v3.5a1.8 1.8 0 000 3.6V17H3v-2.9a1.8 1.8 0 000-3.6zM14.5 7v2M14.5 11.2v1.8M14.5 15v2',
  trophy:
    'M8 4h8v5a4 4 0 01-8 0zM8 5H4v1.5A3.5 3.5 0 008 10M16 5h4v1.5A3.5 3.5 0 0116 10M12 13v4M8 20h8M9.5 17h5',
  x: 'M6 6l12 12M18 6L6 18',
} as const

export type IconName = keyof typeof PATHS

/** Decoration beside a word that says the same; hidden from screen readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 26 22" aria-hidden="true">
      <path d="M2 6.6L24 0v4.6L2 11.2zM2 12L24 5.4V10L2 16.6zM2 17.4L24 10.8v4.6L2 22z" />
    </svg>
  )
}
