import archivo from './fonts/archivo-latin.woff2'

const STORED = 'drumroll.type'

/**
 * The text font comes after everything else. The first visit reads in the system's font and only fetches Archivo
 * for later; from the next one on it is there from the start. Text somebody reads never changes its shape.
 */
export function prepareType(): void {
  let known: string | null
  try {
    known = localStorage.getItem(STORED)
  } catch {
    return
  }
  if (known === archivo) {
    void import('./styles/archivo.css')
    return
  }
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection
  if (connection?.saveData === true) return
  addEventListener('load', () => {
    setTimeout(() => {
      void fetch(archivo, { priority: 'low' }).then(
        (response) => {
          if (response.ok) localStorage.setItem(STORED, archivo)
        },
        () => undefined,
      )
    }, 2000)
  })
}
