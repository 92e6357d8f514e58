import './styles/tokens.css'
import './styles/base.css'
import './styles/event.css'
import './styles/paper.css'
import { render } from 'preact'
import { App } from './app'
import { I18nProvider, chooseLanguage, loadMessages, storedLanguage } from './i18n'
import { ServicesContext, browserServices } from './services'
import { prepareType } from './type'
import { Announcer, AnnouncerContext } from './ui/announcer'

async function start(): Promise<void> {
  const root = document.getElementById('app')
  if (root === null) return
  const language = chooseLanguage(storedLanguage(), navigator.languages)
  const messages = await loadMessages(language)
  const announcer = new Announcer()
  document.body.append(announcer.element)
  const services = browserServices()
  services.purchases.resume()
  render(
    <I18nProvider language={language} messages={messages}>
      <ServicesContext.Provider value={services}>
        <AnnouncerContext.Provider value={announcer}>
          <App onShown={() => document.getElementById('ssr')?.remove()} />
        </AnnouncerContext.Provider>
      </ServicesContext.Provider>
    </I18nProvider>,
    root,
  )
}

prepareType()
void start()
