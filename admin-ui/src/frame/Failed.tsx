/** A screen that throws takes only itself down: the frame's last resort, in words, with a way on. */
import { Component, type ReactNode } from 'react'
import { useText } from '../i18n'
import { Button } from '../ui/Button'
import { Notice } from '../ui/Notice'

function Message() {
  const text = useText()
  return (
    <main className="page">
      <h1>{text.frame.crashed}</h1>
      <Notice tone="danger" live>
        <p>{text.frame.crashedHint}</p>
        <Button onClick={() => window.location.reload()}>{text.frame.reload}</Button>
      </Notice>
    </main>
  )
}

export class Failed extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    return this.state.failed ? <Message /> : this.props.children
  }
}
