/** Times are shown and entered in the venue's zone, 24 hours, whatever this machine is set to. */

const partsFormats = new Map<string, Intl.DateTimeFormat>()

interface WallClock {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

function wallClock(ms: number, timeZone: string): WallClock {
  let format = partsFormats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    partsFormats.set(timeZone, format)
  }
  const values = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]))
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = values
  return { year, month, day, hour, minute, second }
}

const two = (value: number) => String(value).padStart(2, '0')

/** The values of a date field and a time field for an instant. */
export function zonedInput(ms: number, timeZone: string): { date: string; time: string } {
  const clock = wallClock(ms, timeZone)
  return {
    date: `${clock.year}-${two(clock.month)}-${two(clock.day)}`,
    time: `${two(clock.hour)}:${two(clock.minute)}`,
  }
}

/** Hours and minutes as people write them: 17:30, 9:05, 1730, 17h30. */
export function readTime(text: string): { hour: number; minute: number } | null {
  const match = /^(\d{1,2})\s*[:.h]?\s*(\d{2})$/i.exec(text.trim())
  if (!match) return null
  const [hour = 0, minute = 0] = match.slice(1).map(Number)
  return hour < 24 && minute < 60 ? { hour, minute } : null
}

/**
 * The instant of a wall-clock time in a zone; `null` when the text is none or the clocks skip that time in
 * spring. In the hour that comes twice in autumn the first one is meant.
 */
export function zonedInstant(date: string, time: string, timeZone: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date)
  const clockTime = readTime(time)
  if (!match || !clockTime) return null
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number)
  const { hour, minute } = clockTime
  const asUtc = Date.UTC(year, month - 1, day, hour, minute)
  // The zone's offset a day before and a day after: one of the two holds at the wanted time.
  const candidates = [asUtc - 86_400_000, asUtc + 86_400_000]
    .map((near) => asUtc - offsetMs(near, timeZone))
    .filter((instant) => {
      const clock = wallClock(instant, timeZone)
      return (
        clock.year === year &&
        clock.month === month &&
        clock.day === day &&
        clock.hour === hour &&
        clock.minute === minute
      )
    })
  return candidates.length === 0 ? null : Math.min(...candidates)
}

function offsetMs(ms: number, timeZone: string): number {
  const clock = wallClock(ms, timeZone)
  const shown = Date.UTC(clock.year, clock.month - 1, clock.day, clock.hour, clock.minute, clock.second)
  return shown - Math.floor(ms / 1000) * 1000
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name.length > 0
  } catch {
    return false
  }
}
