export const PASSWORD_MIN = 12

export type PasswordFault =
  | { field: 'current'; why: 'missing' }
  | { field: 'next'; why: 'short'; missing: number }
  | { field: 'next'; why: 'same' }
  | { field: 'repeat'; why: 'differs' }

export function judgePassword(current: string, next: string, repeat: string): PasswordFault[] {
  const faults: PasswordFault[] = []
  if (current === '') faults.push({ field: 'current', why: 'missing' })
  // Characters as people count them, not UTF-16 units.
  const length = Array.from(next).length
  if (length < PASSWORD_MIN) faults.push({ field: 'next', why: 'short', missing: PASSWORD_MIN - length })
  else if (next === current) faults.push({ field: 'next', why: 'same' })
  if (repeat !== next) faults.push({ field: 'repeat', why: 'differs' })
  return faults
}
