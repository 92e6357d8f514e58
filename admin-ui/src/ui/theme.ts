import { useSyncExternalStore } from 'react'

export type Theme = 'dark' | 'light'

const STORED = 'drumroll.theme'
const listeners = new Set<() => void>()

const isTheme = (value: unknown): value is Theme => value === 'dark' || value === 'light'

const current = (): Theme => {
  const theme = document.documentElement.dataset['theme']
  return isTheme(theme) ? theme : 'dark'
}

/** Before the first paint: dark, the control room's, unless chosen otherwise on this machine. */
export function applyStoredTheme(): void {
  const stored = localStorage.getItem(STORED)
  document.documentElement.dataset['theme'] = isTheme(stored) ? stored : 'dark'
}

export function setTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  localStorage.setItem(STORED, theme)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, current)
