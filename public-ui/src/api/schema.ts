/**
 * Types of the HTTP interface, in the shape openapi-typescript gives them.
 * Written by hand from the contract until the server's document exists; `npm run generate` replaces the file.
 * Holds the public calls only.
 */
export interface paths {
  '/api/v1/raffles': {
    get: operations['list_raffles']
  }
  '/api/v1/raffles/{id}': {
    get: operations['get_raffle']
  }
  '/api/v1/raffles/{id}/purchase': {
    post: operations['purchase']
  }
  '/api/v1/raffles/{id}/orders/{key}': {
    get: operations['get_order']
  }
  '/api/v1/tickets/{id}/validate': {
    get: operations['validate_ticket']
  }
}

export interface components {
  schemas: {
    RaffleStatus:
      | 'draft'
      | 'configured'
      | 'selling'
      | 'suspended'
      | 'closing'
      | 'reconciling'
      | 'reconciled'
      | 'finalized'
      | 'cancelled'
    RaffleKind: 'live' | 'test'
    DrawStatusName:
      | 'planned'
      | 'acknowledged'
      | 'locked'
      | 'proven'
      | 'drawn'
      | 'published'
      | 'settled'
      | 'blocked'
      | 'cancelled'
    Channel: 'rsu' | 'online' | 'counter' | 'integration'
    TicketState: 'valid' | 'voided' | 'misprinted'
    RaffleSummary: {
      id: string
      event_number: number
      name: string
      organisation_name: string
      venue_name: string
      time_zone: string
      status: components['schemas']['RaffleStatus']
      kind: components['schemas']['RaffleKind']
      currency: string
      sales_start_ms?: number | null
      closes_at_ms?: number | null
      jackpot_minor: number
      as_of_seq: number
    }
    RafflePage: {
      items: components['schemas']['RaffleSummary'][]
      next_cursor?: string | null
    }
    Package: {
      id: number
      label: string
      numbers: number
      price_minor: number
      remaining?: number | null
    }
    Prize: {
      id: number
      name: string
      kind: 'percentage' | 'fixed'
      quantity: number
      value_minor: number
      basis_points?: number | null
      guarantee_minor?: number | null
      cap_minor?: number | null
    }
    Winner: {
      prize_id: number
      prize_name: string
      position: number
      number: number
      value_minor: number
    }
    DrawSummary: {
      id: string
      draw_no: number
      status: components['schemas']['DrawStatusName']
      grade: string
      plan_hash: string
      lock_hash?: string | null
      sold_count?: number | null
      locked_at_ms?: number | null
      published_at_ms?: number | null
      winners?: components['schemas']['Winner'][] | null
      reserves?: { position: number; number: number }[] | null
    }
    RaffleView: components['schemas']['RaffleSummary'] & {
      licence?: string | null
      location: string
      ticket_lines: string[]
      packages: components['schemas']['Package'][]
      prizes: components['schemas']['Prize'][]
      main_prize_id?: number | null
      jackpot: { value_minor: number; seq: number; as_of_ms: number }
      numbers_sold: number
      tickets_sold: number
      voided_minor: number
      online_sales: boolean
      payment_provider: { name: string; test: boolean }
      draws: components['schemas']['DrawSummary'][]
      facts_position: number
      epoch: number
      server_time_ms: number
      suspended_reason?: string | null
      cancelled_reason?: string | null
    }
    Line: { package_id: number; quantity: number }
    PaymentOutcome: 'pay' | 'decline' | 'timeout' | 'late_webhook'
    Purchase: {
      lines: components['schemas']['Line'][]
      payment: { outcome: components['schemas']['PaymentOutcome'] }
    }
    OrderState: 'held' | 'paid' | 'declined' | 'expired' | 'voided' | 'refund_due' | 'refunded'
    Order: {
      key: string
      answer: 'accepted' | 'pending' | 'not_seen'
      state?: components['schemas']['OrderState'] | null
      expires_at_ms?: number | null
      amount_minor: number
      ticket?: components['schemas']['Ticket'] | null
    }
    Ticket: {
      order_key: string
      raffle_id: string
      event_number: number
      organisation_name: string
      event_name: string
      location: string
      licence?: string | null
      validation_number: string
      channel: components['schemas']['Channel']
      device_label?: string | null
      seller_name?: string | null
      price_minor: number
      currency: string
      lines: { package_id: number; label: string; quantity: number }[]
      ranges: { first: number; last: number }[]
      numbers_count: number
      sold_at_ms: number
      time_zone: string
      state: components['schemas']['TicketState']
      void_reason?: string | null
      salt?: string | null
      sale_hash: string
      ticket_lines: string[]
      test: boolean
      plan_hash?: string | null
    }
    TicketCheck: {
      valid: boolean
      state: components['schemas']['TicketState']
      won?: { prize_id: number; prize_name: string; position: number; number: number }[] | null
      ticket: components['schemas']['Ticket']
    }
    Problem: {
      type: string
      title: string
      status: number
      detail: string
      code: string
      request_id: string
      errors?: { field: string; message: string }[]
    }
  }
}

export interface operations {
  list_raffles: {
    parameters: { query?: { limit?: number; cursor?: string } }
    responses: { 200: { content: { 'application/json': components['schemas']['RafflePage'] } } }
  }
  get_raffle: {
    parameters: { path: { id: string } }
    responses: { 200: { content: { 'application/json': components['schemas']['RaffleView'] } } }
  }
  purchase: {
    parameters: { path: { id: string }; header: { 'Idempotency-Key': string } }
    requestBody: { content: { 'application/json': components['schemas']['Purchase'] } }
    responses: {
      201: { content: { 'application/json': components['schemas']['Order'] } }
      202: { content: { 'application/json': components['schemas']['Order'] } }
    }
  }
  get_order: {
    parameters: { path: { id: string; key: string } }
    responses: { 200: { content: { 'application/json': components['schemas']['Order'] } } }
  }
  validate_ticket: {
    parameters: { path: { id: string } }
    responses: { 200: { content: { 'application/json': components['schemas']['TicketCheck'] } } }
  }
}
