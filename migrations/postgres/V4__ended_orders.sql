-- Orders that ended unpaid: the worker makes sure that their payment provider takes nothing for them any more.
CREATE INDEX orders_ended ON orders (made_at, order_key, raffle)
    WHERE status IN ('expired', 'closed', 'cancelled') AND refund_due_at IS NULL;
