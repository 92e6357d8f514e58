import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { reportQuery } from '../../api/queries'
import type { RaffleAdmin, SalesReport } from '../../api/types'
import { minorDigits } from '../../format/money'
import { eventNumber } from '../../frame/EventFrame'
import { useFormat, useText, type Catalogue } from '../../i18n'
import { Button } from '../../ui/Button'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { Section } from '../../ui/Section'
import { byLabel } from '../devices/byLabel'
import { csv } from './csv'
import './report.css'

export function ReportScreen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const query = useQuery(reportQuery(raffle.id))
  const { data } = query
  return (
    <div className="page rp">
      <header className="hd">
        <div>
          <PageTitle title={text.report.title} />
          {data && <p className="muted">{text.report.asOf(format.number(data.as_of_seq))}</p>}
        </div>
        {data && (
          <div className="row wrap noprint">
            <Button icon="download" onClick={() => download(data, raffle, text)}>
              {text.report.download}
            </Button>
            <Button icon="printer" onClick={() => window.print()}>
              {text.report.print}
            </Button>
          </div>
        )}
      </header>
      <Loaded query={query}>{(report) => <Tables report={report} raffle={raffle} />}</Loaded>
    </div>
  )
}

function Tables({ report, raffle }: { report: SalesReport; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const words = text.report
  const money = (minor: number) => format.money(minor, raffle.currency, 'always')
  const number = (value: number) => format.number(value)
  const totals: [label: string, value: string, money: boolean][] = [
    [words.gross, money(report.gross_minor), true],
    [words.voided, money(report.voided_minor), true],
    [words.net, money(report.net_minor), true],
    [words.tickets, number(report.tickets), false],
    [words.voidedTickets, number(report.voided_tickets), false],
    [words.numbers, number(report.numbers_sold), false],
  ]
  return (
    <div className="tables">
      <dl className="totals">
        {totals.map(([label, value, isMoney]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className={isMoney ? 'fig money' : 'fig'}>{value}</dd>
          </div>
        ))}
      </dl>
      <Section title={words.byChannel}>
        <Table
          head={[words.channel, words.orders, words.numbers, words.net]}
          rows={report.by_channel.map((row) => ({
            key: row.channel,
            cells: [
              text.status.channel[row.channel],
              number(row.orders),
              number(row.numbers),
              money(row.net_minor),
            ],
          }))}
        />
      </Section>
      <Section title={words.byPackage}>
        <Table
          head={[words.package, words.quantity, words.numbers, words.gross, words.voided, words.net]}
          rows={report.by_package.map((row) => ({
            key: String(row.package_id),
            cells: [
              row.label,
              number(row.quantity),
              number(row.numbers),
              money(row.gross_minor),
              money(row.voided_minor),
              money(row.gross_minor - row.voided_minor),
            ],
          }))}
        />
      </Section>
      <Section title={words.byDevice} count={report.by_device.length}>
        <Table
          head={[
            words.unit,
            words.tickets,
            words.numbers,
            words.misprinted,
            words.gross,
            words.voided,
            words.net,
          ]}
          rows={report.by_device.toSorted(byLabel).map((row) => ({
            key: row.device_id,
            cells: [
              row.label,
              number(row.tickets),
              number(row.numbers),
              number(row.misprinted),
              money(row.gross_minor),
              money(row.voided_minor),
              money(row.gross_minor - row.voided_minor),
            ],
          }))}
        />
      </Section>
    </div>
  )
}

function Table({
  head,
  rows,
}: {
  head: readonly string[]
  rows: readonly { key: string; cells: readonly string[] }[]
}): ReactNode {
  const text = useText()
  if (rows.length === 0) return <Empty icon="ticket" title={text.report.empty} />
  return (
    <table className="tbl blocks">
      <thead>
        <tr>
          {head.map((label, index) => (
            <th scope="col" className={index > 0 ? 'n' : undefined} key={label}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells: [first, ...others] }) => (
          <tr key={key}>
            <th scope="row">{first}</th>
            {others.map((cell, index) => (
              <td className="n" key={index} data-label={head[index + 1]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function download(report: SalesReport, raffle: RaffleAdmin, text: Catalogue): void {
  const unit = minorDigits(raffle.currency)
  const amount = (minor: number) => (minor / 10 ** unit).toFixed(unit)
  const words = text.report
  const file = csv([
    [text.frame.event(eventNumber(raffle.event_number)), raffle.name, raffle.currency],
    [words.gross, amount(report.gross_minor)],
    [words.voided, amount(report.voided_minor)],
    [words.net, amount(report.net_minor)],
    [words.tickets, report.tickets],
    [words.voidedTickets, report.voided_tickets],
    [words.numbers, report.numbers_sold],
    [],
    [words.channel, words.orders, words.numbers, words.net],
    ...report.by_channel.map((row) => [
      text.status.channel[row.channel],
      row.orders,
      row.numbers,
      amount(row.net_minor),
    ]),
    [],
    [words.package, words.quantity, words.numbers, words.gross, words.voided],
    ...report.by_package.map((row) => [
      row.label,
      row.quantity,
      row.numbers,
      amount(row.gross_minor),
      amount(row.voided_minor),
    ]),
    [],
    [words.unit, words.tickets, words.numbers, words.misprinted, words.gross, words.voided],
    ...report.by_device
      .toSorted(byLabel)
      .map((row) => [
        row.label,
        row.tickets,
        row.numbers,
        row.misprinted,
        amount(row.gross_minor),
        amount(row.voided_minor),
      ]),
  ])
  // The mark at the start tells spreadsheets that this is UTF-8.
  const address = URL.createObjectURL(new Blob(['\ufeff', file], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `drumroll-${eventNumber(raffle.event_number)}-${report.as_of_seq}.csv`
  link.click()
  URL.revokeObjectURL(address)
}
