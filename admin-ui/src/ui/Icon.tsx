const paths = {
  alert: 'M12 3.5L22 20H2zM12 10v4.5M12 17.4v.1',
  battery: 'M3 8h15v8H3zM21 11v2M6 11v2',
  broadcast:
    'M12 10a2 2 0 100 4 2 2 0 000-4M7.800 16.200a6 6 0 010-8.400M16.200 7.800a6 6 0 010 8.400M4.900 19.100a10 10 0 010-14.200M19.100 4.900a10 10 0 010 14.200',
  check: 'M4.500 12.500l5 5L19.500 7',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18M12 7v5l3.500 2',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  dot: 'M12 8.500a3.500 3.500 0 100 7 3.500 3.500 0 000-7z',
  down: 'M6 9l6 6 6-6',
  download: 'M12 4v11M6.500 10.500L12 16l5.500-5.500M4 20h16',
  eye: 'M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12zM12 9a3 3 0 100 6 3 3 0 000-6',
  flag: 'M5 21V4h13l-3 4.500L18 13H5',
  flask: 'M9 3h6M10 3v6L4.500 19a1.500 1.500 0 001.300 2h12.400a1.500 1.500 0 001.300-2L14 9V3M7.500 15h9',
  lock: 'M5 11h14v10H5zM8 11V7.500a4 4 0 018 0V11',
  noWifi:
    'M3 3l18 18M2.500 9A14 14 0 017 6.200M11 5.200A14 14 0 0121.500 9M6 12.700a9 9 0 014.500-2.300M15.500 11.200a9 9 0 012.500 1.500M9.300 16.300a4 4 0 015.400 0M12 19.500v.1',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.500v15L19.500 12z',
  plus: 'M5 12h14M12 5v14',
  printer: 'M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z',
  repeat: 'M4 12V9a3 3 0 013-3h12M16 3l3 3-3 3M20 12v3a3 3 0 01-3 3H5M8 21l-3-3 3-3',
  right: 'M4 12h15M13 6l6 6-6 6',
  ring: 'M12 5a7 7 0 100 14 7 7 0 000-14',
  seal: 'M12 3a7 7 0 100 14 7 7 0 000-14M9 10l2.200 2.200L15.200 8M8.500 16L7 22l5-2.500L17 22l-1.500-6',
  search: 'M10.500 4a6.500 6.500 0 100 13 6.500 6.500 0 000-13M15.500 15.500L21 21',
  stop: 'M12 3a9 9 0 100 18 9 9 0 000-18M7.500 12h9',
  fault: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 7.500v5.500M12 16.400v.1',
  sync: 'M20 11a8 8 0 00-14.500-3.500L3 10M3 4.500V10h5.500M4 13a8 8 0 0014.500 3.500L21 14M21 19.500V14h-5.500',
  ticket:
    'M3 7h18v3.500a1.800 1.800 0 000 3.600V17H3v-2.900a1.800 1.800 0 000-3.600zM14.500 7v2M14.500 11.200v1.800M14.500 15v2',
  trash: 'M4 7h16M9 7V4h6v3M6.500 7l1 13h9l1-13M10 11v5M14 11v5',
  up: 'M12 19V5M6 11l6-6 6 6',
  wifi: 'M2.500 9a14 14 0 0119 0M6 12.700a9 9 0 0112 0M9.300 16.300a4 4 0 015.400 0M12 19.500v.1',
  x: 'M6 6l12 12M18 6L6 18',
} as const

export type IconName = keyof typeof paths

const filled: ReadonlySet<IconName> = new Set<IconName>(['dot', 'play'])

/** Decoration unless it is given words of its own. */
export function Icon({ name, label }: { name: IconName; label?: string }) {
  return (
    <svg
      className="i"
      viewBox="0 0 24 24"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <path d={paths[name]} fill={filled.has(name) ? 'currentColor' : undefined} />
    </svg>
  )
}
