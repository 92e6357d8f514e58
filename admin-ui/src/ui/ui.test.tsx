import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { useState, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { session } from '../api/client'
import { ApiError } from '../api/problem'
import { SessionGate } from '../auth/SessionGate'
import { LocaleProvider } from '../i18n'
import { Button } from './Button'
import { CountField } from './CountField'
import { ConfirmDialog, type Answers } from './ConfirmDialog'
import { BigMoney } from './Money'

function shown(node: ReactNode) {
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <LocaleProvider>{node}</LocaleProvider>
    </QueryClientProvider>,
  )
}

beforeEach(() => {
  localStorage.setItem('drumroll.language', 'en')
  session.begin({
    access_token: 'a',
    refresh_token: 'r',
    expires_in_s: 1,
    user: {
      id: 'u1',
      login: 'renee',
      name: 'Renée Fontaine',
      role: 'administrator',
      must_change_password: false,
      organisation: { id: 'o1', name: 'Hawks' },
    },
  })
})
afterEach(cleanup)

describe('a disabled button', () => {
  it('stays focusable, says why, and does nothing', () => {
    const press = vi.fn()
    shown(
      <Button reason="Opens when 04 and 16 are final." onClick={press}>
        Start reconciling
      </Button>,
    )
    const button = screen.getByRole('button', { name: 'Start reconciling' })
    fireEvent.click(button)
    expect(press).not.toHaveBeenCalled()
    expect(button.getAttribute('aria-disabled')).toBe('true')
    expect(button.hasAttribute('disabled')).toBe(false)
    const why = document.getElementById(button.getAttribute('aria-describedby') ?? '')
    expect(why?.textContent).toBe('Opens when 04 and 16 are final.')
  })
})

describe('a field for a count', () => {
  function Counted() {
    const [value, setValue] = useState('1000000')
    return (
      <>
        <CountField label="Handhelds" value={value} onText={setValue} />
        <output>{value}</output>
      </>
    )
  }

  it('reads in groups of three, and leaves what is typed alone until one goes on', () => {
    shown(<Counted />)
    const field = screen.getByLabelText<HTMLInputElement>('Handhelds')
    expect(field.value).toBe('1,000,000')
    // Coming into it must not change it: what is selected there would no longer be.
    fireEvent.focus(field)
    expect(field.value).toBe('1,000,000')
    fireEvent.change(field, { target: { value: '250000' } })
    expect(field.value).toBe('250000')
    expect(screen.getByRole('status').textContent).toBe('250000')
    fireEvent.blur(field)
    expect(field.value).toBe('250,000')
  })

  it('shows what is no count as it stands', () => {
    shown(<CountField label="Online" value="12x" onText={() => undefined} />)
    expect(screen.getByLabelText<HTMLInputElement>('Online').value).toBe('12x')
  })
})

describe('a command that asks first', () => {
  const ask = (run: (answers: Answers) => Promise<unknown>, onClose = () => undefined) =>
    shown(
      <SessionGate>
        <ConfirmDialog
          title="Cancel the event?"
          consequences="Every order is refunded."
          confirm="Cancel event"
          needs={['reason', 'approver']}
          run={run}
          onClose={onClose}
        />
      </SessionGate>,
    )
  const fill = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } })
  const confirm = () => fireEvent.click(screen.getByRole('button', { name: 'Cancel event', hidden: true }))

  it('does not run without a reason and a second person', () => {
    const run = vi.fn(() => Promise.resolve())
    ask(run)
    confirm()
    expect(screen.getByText(/at least 5 letters/)).toBeTruthy()
    expect(screen.getByText(/user name and password are needed/)).toBeTruthy()
    expect(run).not.toHaveBeenCalled()
  })

  it('does not take oneself for the second person', () => {
    const run = vi.fn(() => Promise.resolve())
    ask(run)
    fill('Reason', 'Snow storm')
    fill('Their user name', 'Renee')
    fill('Their password', 'secret')
    confirm()
    expect(screen.getByText('It must be somebody else than you.')).toBeTruthy()
    expect(run).not.toHaveBeenCalled()
  })

  it('runs once and closes; a refusal stays on the screen', async () => {
    const closed = vi.fn()
    const run = vi
      .fn<(answers: Answers) => Promise<void>>()
      .mockRejectedValueOnce(
        new ApiError({
          type: 'x',
          title: 'x',
          status: 403,
          detail: 'The second person’s password is wrong.',
          code: 'approver_refused',
          request_id: 'q1',
        }),
      )
      .mockResolvedValueOnce()
    ask(run, () => {
      closed()
    })
    fill('Reason', ' Snow storm ')
    fill('Their user name', 'owen')
    fill('Their password', 'secret')
    confirm()
    await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('password is wrong'))
    expect(closed).not.toHaveBeenCalled()
    confirm()
    await waitFor(() => expect(closed).toHaveBeenCalledOnce())
    expect(run).toHaveBeenLastCalledWith(
      { reason: 'Snow storm', approver: { login: 'owen', password: 'secret' } },
      expect.anything(),
    )
  })
})

describe('money', () => {
  it('reads as one amount', () => {
    shown(<BigMoney minor={3_654_050} currency="CAD" />)
    expect(document.querySelector('.money')?.textContent).toBe('$36,540.50')
  })
})
