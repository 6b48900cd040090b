"""The embedded STOMP 1.2 broker: topics, queues, durable subscriptions, on asyncio and SQLite.

    python -m swf_testbed.broker --data DIR

It uses the headers of ActiveMQ Classic. Where STOMP leaves it open, or ActiveMQ does otherwise:

- `/queue/NAME`: consumers compete, round-robin among those with room. `/topic/NAME`: every subscriber gets
  a copy; with `client-id` on CONNECT and `activemq.subscriptionName` (or `durable-subscription-name`) on
  SUBSCRIBE the subscription is durable. UNSUBSCRIBE with that header removes it; SUBSCRIBE under its name
  with another topic or selector replaces it.
- A message is stored unless it says `persistent:false` (ActiveMQ stores only what says `persistent:true`).
  A receipt is sent when what it confirms is committed. `expires` (milliseconds since 1970) is honoured:
  an expired message is dropped.
- Delivery is in order of arrival. What a lost client had not acknowledged is delivered again, first and
  in order, with `redelivered:true`; after a restart of the broker it comes again without that header.
- NACK moves that one message, in every ack mode, to `/queue/ActiveMQ.DLQ`, with `original-destination`
  and `original-message-id`.
- `activemq.prefetchSize` bounds what a subscription holds unacknowledged: 100 of a queue, 1000 of a topic.
- A second connection with a client id in use is refused, unless the first one's client is gone.
- A plain topic subscriber that falls too far behind is disconnected; what waits in a queue or for a durable
  subscription is on disk and comes into memory by pages. What is not persistent waits in memory: when
  that is full, a queue refuses the sender, and a durable subscription goes without the message.
- Transactions, wildcards and temporary destinations are refused. Every ERROR ends the connection.
- `browser:true` on SUBSCRIBE looks into a queue; a MESSAGE with `browser:end` comes last.
- A message to `/queue/swf.broker.statistics` with `reply-to` is answered there with counts as JSON.
"""
